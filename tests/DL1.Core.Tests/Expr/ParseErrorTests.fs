/// What wrong texts are told, as approved messages.
module DL1.Tests.ParseErrorTests

open DL1
open Expecto

let private refused (text: string) (message: string) =
    testCase (text.Replace("\n", "⏎"))
    <| fun () ->
        try
            let e = Parse.expr text
            failtest $"read as {e}"
        with :? DL1Error as error ->
            Expect.equal error.Message message "the approved message"

[<Tests>]
let tests =
    testList
        "Parse, wrong texts"
        [
            refused
                ""
                "Parse.expr: an empty text at line 1, column 1, behind the mark ▸ in: ▸.\n  Expected: an expression.\n  Try: write x*sin(x) + 2, for example."
            refused
                "x*(2 + )"
                "Parse.expr: ')' at line 1, column 8, behind the mark ▸ in: x*(2 + ▸).\n  Expected: a number, a variable, a function or '('.\n  Try: complete the expression, or take the operator out."
            refused
                "1/2x"
                "Parse.expr: the name x at line 1, column 4, behind the mark ▸ in: 1/2▸x.\n  Expected: an operator.\n  Try: put in the sign that is left out: 1/2*x or 1/(2*x), sin(2*x) or sin(2)*x."
            refused
                "sin 2x"
                "Parse.expr: the name x at line 1, column 6, behind the mark ▸ in: sin 2▸x.\n  Expected: an operator.\n  Try: put in the sign that is left out: 1/2*x or 1/(2*x), sin(2*x) or sin(2)*x."
            refused
                "sin x * y"
                "Parse.expr: '*' at line 1, column 7, behind the mark ▸ in: sin x ▸* y.\n  Expected: a sum, or parentheses around the argument.\n  Try: write sin(x)*y where only x is the argument, sin(x*y) where all of it is."
            refused
                "√x²"
                "Parse.expr: '²' at line 1, column 3, behind the mark ▸ in: √x▸².\n  Expected: parentheses that say what the root is of.\n  Try: write √(x²) or (√x)²."
            refused
                "x²^3"
                "Parse.expr: '^' at line 1, column 3, behind the mark ▸ in: x²▸^3.\n  Expected: one exponent.\n  Try: put parentheses around the power that is raised: (x²)^3."
            refused
                "x 2"
                "Parse.expr: the number 2 at line 1, column 3, behind the mark ▸ in: x ▸2.\n  Expected: an operator or the end of the text.\n  Try: write an operator between two factors, 2*x, and parentheses after a function, sin(x)."
            refused
                "x(y + 1)"
                "Parse.expr: the unknown function x at line 1, column 1, behind the mark ▸ in: ▸x(y + 1).\n  Expected: a function of DL1.\n  Try: write a product as x*(y)."
            refused
                "f32[20, 5] + 1"
                "Parse.expr: a tensor of f32 without its elements at line 1, column 1, behind the mark ▸ in: ▸f32[20, 5] + 1.\n  Expected: all elements.\n  Try: take the ASCII text of the expression, which leaves nothing out."
            refused
                "xᵀ"
                "Parse.expr: 'ᵀ' at line 1, column 2, behind the mark ▸ in: x▸ᵀ.\n  Expected: a matrix to transpose.\n  Try: declare the variable: m: f32[2, 3];."
            refused
                "x: f32[3]; x[0:2, :]"
                "Parse.expr: 2 cuts of 1 axes at line 1, column 13, behind the mark ▸ in: x: f32[3]; x▸[0:2, :].\n  Expected: one cut for each axis.\n  Try: write x[0:2, :], with : for a whole axis."
            refused
                "(x"
                "Parse.expr: the end of the text at line 1, column 3, behind the mark ▸ in: (x▸.\n  Expected: ')'.\n  Try: close the parenthesis, or write an operator between two factors: 2*x."
            refused
                "x)"
                "Parse.expr: ')' at line 1, column 2, behind the mark ▸ in: x▸).\n  Expected: an operator or the end of the text.\n  Try: take it out, or complete what it belongs to; declarations (x: f32[3];) stand in front."
            refused
                "sn(x)"
                "Parse.expr: the unknown function sn at line 1, column 1, behind the mark ▸ in: ▸sn(x).\n  Expected: a function of DL1.\n  Try: near names: sin; a product is written x*(y)."
            refused
                "sum(x, axis=0)"
                "Parse.expr: the attribute axis, which sum does not have at line 1, column 8, behind the mark ▸ in: sum(x, ▸axis=0).\n  Expected: only attributes of the function.\n  Try: take axis out."
            refused
                "x: f32[3]; softmax(x)"
                "Parse.expr: softmax without axis at line 1, column 12, behind the mark ▸ in: x: f32[3]; ▸softmax(x).\n  Expected: the attribute axis.\n  Try: add axis=-1."
            refused
                "x + * y"
                "Parse.expr: '*' at line 1, column 5, behind the mark ▸ in: x + ▸* y.\n  Expected: a number, a variable, a function or '('.\n  Try: complete the expression, or take the operator out."
            refused
                "a < b < c"
                "Parse.expr: '<' at line 1, column 7, behind the mark ▸ in: a < b ▸< c.\n  Expected: one comparison.\n  Try: join two with 'and': a < b and b < c, or put one in parentheses."
            refused
                "x $ y"
                "Parse.expr: the character '$' at line 1, column 3, behind the mark ▸ in: x ▸$ y.\n  Expected: names, numbers, operators, parentheses, brackets and braces.\n  Try: write * for a product, ^ for a power, - for minus, as ASCII text has them; quote a name such as \"learning rate\"."
            refused
                "\"x"
                "Parse.expr: a quoted name without an end at line 1, column 1, behind the mark ▸ in: ▸\"x.\n  Expected: a closing double quote.\n  Try: put \" after the name."
            refused
                "x: f16; x"
                "Parse.expr: the name f16 at line 1, column 4, behind the mark ▸ in: x: ▸f16; x.\n  Expected: an element type: f32, f64, i32, i64 or bool.\n  Try: write x: f32[3], for example."
            refused
                "let t = x\nt*t"
                "Parse.expr: the name t at line 2, column 1, behind the mark ▸ in: ▸t*t.\n  Expected: ';'.\n  Try: end the definition with ';'."
            refused
                "tensor(f32, [3], [1, 2])"
                "Parse.expr: 2 elements for a tensor of shape [3] at line 1, column 18, behind the mark ▸ in: tensor(f32, [3], ▸[1, 2]).\n  Expected: 3 elements.\n  Try: list as many elements as the shape has."
            refused
                "i32(3000000000)"
                "Parse.expr: the number 3000000000 at line 1, column 5, behind the mark ▸ in: i32(▸3000000000).\n  Expected: a whole number of 32 bits.\n  Try: write 3, for example."
            refused
                "1e999"
                "Parse.expr: the number 1e999 at line 1, column 1, behind the mark ▸ in: ▸1e999.\n  Expected: a number within the range of its type.\n  Try: write inf for infinity, or take a wider type."
            refused
                "x: f32[3]; y: f32[4];\nx + y"
                "add: x: f32 [3] and y: f32 [4].\n  Expected: shapes that broadcast: aligned at the last axis, equal extents, or 1.\n  Try: reshape or slice one operand so that the extents meet."
            refused
                "sin(x, y)"
                "Parse.expr: sin with 2 operands at line 1, column 1, behind the mark ▸ in: ▸sin(x, y).\n  Expected: one operand.\n  Try: write sin(x), its attributes by name."
            refused
                "x: f32[3]; sum(axes=[0], x)"
                "Parse.expr: the name x at line 1, column 26, behind the mark ▸ in: x: f32[3]; sum(axes=[0], ▸x).\n  Expected: an attribute by name.\n  Try: put operands first, then attributes: sum(x, axes=[0])."
            refused
                "foo(x)"
                "Parse.expr: the unknown function foo at line 1, column 1, behind the mark ▸ in: ▸foo(x).\n  Expected: a function of DL1.\n  Try: write a product as x*(y)."
            refused
                "x + 1; y: f32"
                "Parse.expr: ';' at line 1, column 6, behind the mark ▸ in: x + 1▸; y: f32.\n  Expected: an operator or the end of the text.\n  Try: take it out, or complete what it belongs to; declarations (x: f32[3];) stand in front."
            refused
                "x*y + y: f32"
                "Parse.expr: ':' at line 1, column 8, behind the mark ▸ in: x*y + y▸: f32.\n  Expected: an operator or the end of the text.\n  Try: take it out, or complete what it belongs to; declarations (x: f32[3];) stand in front."
            refused
                "m: f32[3, 4]; max(m, axes=0)"
                "Parse.expr: an attribute of max at line 1, column 22, behind the mark ▸ in: m: f32[3, 4]; max(m, ▸axes=0).\n  Expected: a list of whole numbers.\n  Try: write axes=[0, 1], for example."
        ]

namespace DL1.Pictures

/// How a symbol behaves among others.
[<RequireQualifiedAccess>]
type internal MathRole =
    /// A letter or a name: x, ∞.
    | Letter
    /// A binary operation, with space on both sides unless it is a sign: +, ·.
    | Operation
    /// A relation, with more space: =, ≤, →.
    | Relation
    /// A large operator whose limits stand below and above it in displays: ∑, ∏.
    | Large
    /// An integral sign: its limits stand beside it.
    | Integral
    /// A named function, upright, with space before its argument: log, sin.
    | Function
    /// A named function with limits, as `\max`.
    | Limit
    /// An opening or closing bracket that keeps its size.
    | Open
    | Close
    /// A comma or the like, with space behind it.
    | Punctuation
    /// A mark without space around it: an exclamation, a bar, dots.
    | Mark
    /// White space; its width in ems.
    | Space of ems: string
    /// A mark above what follows; stretched over all of it, or not.
    | Accent of isStretched: bool
    /// A mark below what follows, stretched.
    | Underline

/// The commands of LaTeX that stand for one symbol, after their kinds in The LaTeX Companion.
[<RequireQualifiedAccess>]
module internal MathSymbols =
    let private rows role (names: string) =
        [
            for pair in names.Split(' ', System.StringSplitOptions.RemoveEmptyEntries) do
                match pair.Split '=' with
                | [| name; text |] -> name, (role, text)
                | _ -> ()
        ]

    let private greek =
        "alpha=α beta=β gamma=γ delta=δ epsilon=ϵ varepsilon=ε zeta=ζ eta=η theta=θ vartheta=ϑ iota=ι kappa=κ lambda=λ mu=μ \
         nu=ν xi=ξ omicron=ο pi=π varpi=ϖ rho=ρ varrho=ϱ sigma=σ varsigma=ς tau=τ upsilon=υ phi=ϕ varphi=φ chi=χ psi=ψ omega=ω"

    let private capitals =
        "Gamma=Γ Delta=Δ Theta=Θ Lambda=Λ Xi=Ξ Pi=Π Sigma=Σ Upsilon=Υ Phi=Φ Psi=Ψ Omega=Ω"

    let private letters =
        "partial=∂ nabla=∇ infty=∞ ell=ℓ hbar=ℏ Re=ℜ Im=ℑ emptyset=∅ varnothing=∅ forall=∀ exists=∃ top=⊤ bot=⊥ \
         backslash=\\ %=% #=# $=$ &=& _=_ dagger=† prime=′"

    let private operations =
        "cdot=⋅ times=× div=÷ pm=± mp=∓ odot=⊙ otimes=⊗ oplus=⊕ ominus=⊖ circ=∘ bullet=∙ ast=∗ star=⋆ cup=∪ cap=∩ \
         setminus=∖ land=∧ wedge=∧ lor=∨ vee=∨ bmod=mod"

    let private relations =
        "le=≤ leq=≤ ge=≥ geq=≥ ne=≠ neq=≠ approx=≈ equiv=≡ sim=∼ simeq=≃ cong=≅ propto=∝ in=∈ notin=∉ ni=∋ subset=⊂ \
         subseteq=⊆ supset=⊃ supseteq=⊇ ll=≪ gg=≫ to=→ rightarrow=→ leftarrow=← gets=← mapsto=↦ Rightarrow=⇒ Leftarrow=⇐ \
         Leftrightarrow=⇔ leftrightarrow=↔ iff=⟺ implies=⟹ longrightarrow=⟶ mid=∣ parallel=∥ perp=⊥ uparrow=↑ downarrow=↓"

    let private functions =
        "log=log ln=ln exp=exp sin=sin cos=cos tan=tan arcsin=arcsin arccos=arccos arctan=arctan sinh=sinh cosh=cosh \
         tanh=tanh cot=cot sec=sec csc=csc coth=coth deg=deg dim=dim ker=ker arg=arg lg=lg"

    let private all =
        List.concat
            [
                rows MathRole.Letter greek
                rows MathRole.Letter capitals
                rows MathRole.Letter letters
                rows MathRole.Operation operations
                rows MathRole.Relation relations
                rows MathRole.Large "sum=∑ prod=∏ coprod=∐ bigcup=⋃ bigcap=⋂ bigoplus=⨁ bigotimes=⨂ bigodot=⨀"
                rows MathRole.Integral "int=∫ iint=∬ oint=∮"
                rows MathRole.Function functions
                rows MathRole.Limit "max=max min=min sup=sup inf=inf lim=lim det=det Pr=Pr gcd=gcd"
                rows MathRole.Open "{={ langle=⟨ lfloor=⌊ lceil=⌈ lvert=| lVert=‖ lbrace={ lbrack=["
                rows MathRole.Close "}=} rangle=⟩ rfloor=⌋ rceil=⌉ rvert=| rVert=‖ rbrace=} rbrack=]"
                rows MathRole.Punctuation "colon=:"
                rows MathRole.Mark "|=‖ vert=| Vert=‖ lnot=¬ neg=¬ ldots=… dots=… cdots=⋯ vdots=⋮ ddots=⋱"
                rows (MathRole.Accent false) "hat=^ bar=¯ tilde=~ dot=˙ ddot=¨ vec=→ check=ˇ breve=˘"
                rows (MathRole.Accent true) "widehat=^ widetilde=~ overline=¯ overrightarrow=→ overbrace=⏞"
                rows MathRole.Underline "underline=_ underbrace=⏟"
                rows (MathRole.Space "1") "quad=q"
                rows (MathRole.Space "2") "qquad=q"
                rows (MathRole.Space "0.1667") ",=q thinspace=q"
                rows (MathRole.Space "0.2222") ":=q >=q"
                rows (MathRole.Space "0.2778") ";=q"
                rows (MathRole.Space "-0.1667") "!=q"
            ]
        @ [ " ", (MathRole.Space "0.25", "") ]

    let private table = Map.ofList all

    /// The role and the text of a command, by its name without the backslash.
    let tryFind (name: string) = Map.tryFind name table

    /// The names of all commands that stand for a symbol.
    let names = all |> List.map fst

    /// A plain character of a formula: its role and what is printed.
    let ofChar (c: char) =
        match c with
        | '+'
        | '±'
        | '·'
        | '×'
        | '⊙'
        | '∗' -> MathRole.Operation, string c
        | '-'
        | '−' -> MathRole.Operation, "−"
        | '*' -> MathRole.Operation, "∗"
        | '='
        | '<'
        | '>'
        | '≤'
        | '≥'
        | '≠'
        | '≈'
        | '→'
        | '∈'
        | ':' -> MathRole.Relation, string c
        | '('
        | '[' -> MathRole.Open, string c
        | ')'
        | ']' -> MathRole.Close, string c
        | ','
        | ';' -> MathRole.Punctuation, string c
        | '/'
        | '!'
        | '|'
        | '?'
        | '.' -> MathRole.Mark, string c
        | _ -> MathRole.Letter, string c

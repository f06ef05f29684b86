namespace DL1.Pictures

open System
open System.Net
open System.Text.RegularExpressions

/// The language of a piece of code in a report, for its colours.
[<RequireQualifiedAccess>]
type CodeLanguage =
    | CSharp
    | FSharp
    | Python
    /// No colours: a command line, a file of another kind.
    | Plain

/// Code as HTML: comments, texts, numbers, keywords, types and calls in spans of their own.
[<RequireQualifiedAccess>]
module internal CodeText =
    let private words (text: string) =
        text.Split([| ' '; '\n' |], StringSplitOptions.RemoveEmptyEntries) |> Set.ofArray

    let private csharp =
        words
            "abstract as base bool break byte case catch char class const continue decimal default delegate do double else enum \
             event explicit extern false finally fixed float for foreach get goto if implicit in init int interface internal is \
             lock long namespace new not null object operator out override params private protected public readonly record ref \
             required return sealed set short sizeof static string struct switch this throw true try typeof uint ulong using var \
             virtual void when where while with yield await async and or"

    let private fsharp =
        words
            "abstract and as assert base begin class default delegate do done downcast downto elif else end exception extern false \
             finally fixed for fun function global if in inherit inline interface internal lazy let match member module mutable \
             namespace new not null of open or override private public rec return static struct then to true try type upcast use \
             val void when while with yield"

    let private python =
        words
            "and as assert async await break class continue def del elif else except False finally for from global if import in is \
             lambda None nonlocal not or pass raise return True try while with yield self"

    // Comments and texts first, since they may hold anything; a word's kind is told by what it is and what stands around it.
    let private grammar (comment: string) (text: string) =
        Regex(
            $"(?<comment>{comment})|(?<text>{text})"
            + @"|(?<number>\b\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?[fFdDmMlL]*\b)|(?<word>[\p{L}_][\p{L}\p{N}_]*)",
            RegexOptions.Singleline ||| RegexOptions.CultureInvariant
        )

    // Braces of an interpolated text may hold texts.
    let private interpolated = """\$"(?:\\.|\{(?:[^{}"]|"[^"]*")*\}|[^"\\])*" """.TrimEnd()

    let private quoted = """"(?:\\.|[^"\\])*" """.TrimEnd()

    let private raw = "\\$*\"\"\".*?\"\"\"+"

    let private grammars =
        lazy
            Map
                [
                    "C#",
                    (grammar
                        @"//[^\n]*|/\*.*?\*/"
                        $"{raw}|\\$?@\"(?:[^\"]|\"\")*\"|{interpolated}|{quoted}|'(?:\\\\.|[^'\\\\])'",
                     csharp)
                    "F#",
                    (grammar
                        @"//[^\n]*|\(\*(?!\)).*?\*\)"
                        $"{raw}|{interpolated}|\\$?@\"(?:[^\"]|\"\")*\"|{quoted}|'(?:\\\\.|[^'\\\\\\s])'",
                     fsharp)
                    "Python",
                    (grammar
                        @"\#[^\n]*"
                        ("[rbfRBF]*\"\"\".*?\"\"\"|[rbfRBF]*" + quoted + "|[rbfRBF]*'(?:\\\\.|[^'\\\\\\n])*'"),
                     python)
                ]

    let private escape (text: string) = WebUtility.HtmlEncode text |> string

    let private coloured name (text: string) =
        let grammar, keywords = grammars.Value[name]

        let span (kind: string) (m: Match) = $"<span class=\"{kind}\">{escape m.Value}</span>"

        let one (m: Match) =
            let next = m.Index + m.Length
            let isCall = next < text.Length && (text[next] = '(' || text[next] = '<')
            let isMember = m.Index > 0 && text[m.Index - 1] = '.'

            if m.Groups["comment"].Success then span "c" m
            elif m.Groups["text"].Success then span "s" m
            elif m.Groups["number"].Success then span "n" m
            elif keywords.Contains m.Value && not isMember then span "k" m
            elif isCall && text[next] = '(' then span "f" m
            elif Char.IsUpper m.Value[0] && not isMember then span "t" m
            else escape m.Value

        // What stands between the matches is escaped too.
        let mutable at = 0
        let parts = ResizeArray<string>()

        for m in grammar.Matches text do
            parts.Add(escape (text.Substring(at, m.Index - at)))
            parts.Add(one m)
            at <- m.Index + m.Length

        parts.Add(escape (text.Substring at))
        String.Join(String.Empty, parts)

    let html (language: CodeLanguage) (text: string) =
        match language with
        | CodeLanguage.CSharp -> coloured "C#" text
        | CodeLanguage.FSharp -> coloured "F#" text
        | CodeLanguage.Python -> coloured "Python" text
        | CodeLanguage.Plain -> escape text

/// A culture in which nothing is written as programs write it: a comma for the point, `−` for the minus, other words for
/// NaN and infinity. With `DL1_TEST_CULTURE=hostile` the whole suite runs under it.
module DL1.Tests.HostileCulture

open System
open System.Globalization

/// The hostile culture. It is made here, since no data of cultures may be there.
let culture: CultureInfo =
    let made = CultureInfo.InvariantCulture.Clone() :?> CultureInfo
    let numbers = made.NumberFormat
    numbers.NegativeSign <- "\u2212"
    numbers.PositiveSign <- "\uFE62"
    numbers.NumberDecimalSeparator <- ","
    numbers.NumberGroupSeparator <- "."
    numbers.CurrencyDecimalSeparator <- ","
    numbers.CurrencyGroupSeparator <- "."
    numbers.PercentDecimalSeparator <- ","
    numbers.PercentGroupSeparator <- "."
    numbers.PercentSymbol <- "\u066A"
    numbers.PercentNegativePattern <- 2
    numbers.NumberNegativePattern <- 3
    numbers.NaNSymbol <- "no number"
    numbers.PositiveInfinitySymbol <- "boundless"
    numbers.NegativeInfinitySymbol <- "bottomless"
    numbers.NativeDigits <- [| for digit in 0..9 -> string (char (0x0660 + digit)) |]
    numbers.DigitSubstitution <- DigitShapes.NativeNational
    made.DateTimeFormat.DateSeparator <- "\u2024"
    made.DateTimeFormat.TimeSeparator <- "\u2236"
    made.DateTimeFormat.ShortDatePattern <- "d/M/yy"
    made.TextInfo.ListSeparator <- "\u061B"
    CultureInfo.ReadOnly made

/// Runs a function with the hostile culture, and the machine's again afterwards.
let under (run: unit -> 'a) : 'a =
    let before = CultureInfo.CurrentCulture
    CultureInfo.CurrentCulture <- culture

    try
        run ()
    finally
        CultureInfo.CurrentCulture <- before

/// Runs a function in the invariant culture: what an example writes of its own follows the culture, as programs do.
let plainly (run: unit -> 'a) : 'a =
    let before = CultureInfo.CurrentCulture
    CultureInfo.CurrentCulture <- CultureInfo.InvariantCulture

    try
        run ()
    finally
        CultureInfo.CurrentCulture <- before

/// The culture that a run of the suite asks for: `hostile`, or the name of one that the machine knows, such as `tr-TR`.
let private asked: CultureInfo option =
    match Environment.GetEnvironmentVariable "DL1_TEST_CULTURE" with
    | null
    | "" -> None
    | "hostile" -> Some culture
    | name -> Some(CultureInfo.GetCultureInfo(name, true))

/// Takes the culture that was asked for, in this thread and all that begin later.
let enter () : unit =
    asked
    |> Option.iter (fun culture ->
        CultureInfo.DefaultThreadCurrentCulture <- culture
        CultureInfo.DefaultThreadCurrentUICulture <- culture
        CultureInfo.CurrentCulture <- culture
        CultureInfo.CurrentUICulture <- culture)

namespace DL1.Live

open System
open System.IO
open System.Net
open System.Net.Sockets
open System.Reflection
open System.Security.Cryptography
open System.Text
open System.Threading
open System.Threading.Tasks
open DL1
open Microsoft.AspNetCore.Builder
open Microsoft.AspNetCore.Hosting
open Microsoft.AspNetCore.Http
open Microsoft.AspNetCore.Server.Kestrel.Core
open Microsoft.Extensions.DependencyInjection
open Microsoft.Extensions.Hosting
open Microsoft.Extensions.Primitives

/// A host that leaves Ctrl-C and the end of the process to the program.
[<Sealed>]
type private OwnLifetime() =
    interface IHostLifetime with
        member _.WaitForStartAsync(_) = Task.CompletedTask
        member _.StopAsync(_) = Task.CompletedTask

/// The server of a live page. It reads no settings of files or of the environment: it listens where it is told to, and nowhere
/// else. `token` is asked for with every request where it is not empty.
[<Sealed>]
type internal LiveServer(address: IPAddress, port: int, token: string, state: LiveState, stop: unit -> unit) =
    static let page =
        lazy
            (match Assembly.GetExecutingAssembly().GetManifestResourceStream "page.html" with
             | null -> ""
             | stream ->
                 use reader = new StreamReader(stream, Encoding.UTF8)
                 reader.ReadToEnd())

    /// What the page's stop button sends: another site's page does not know it.
    let key = Convert.ToHexString(RandomNumberGenerator.GetBytes 16)

    let equal (a: string) (b: string) =
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes a, Encoding.UTF8.GetBytes b)

    /// On the loopback a name that another site lets point to it is refused (DNS rebinding).
    let isOurs (request: HttpRequest) =
        not (IPAddress.IsLoopback address)
        || request.Host.Host = "localhost"
        || (match IPAddress.TryParse(request.Host.Host.Trim('[', ']')) with
            | true, NonNull host -> IPAddress.IsLoopback host
            | _ -> false)

    let isAllowed (request: HttpRequest) =
        token = ""
        || equal (string request.Query["token"]) token
        || equal (string request.Headers.Authorization) $"Bearer {token}"

    let answer (context: HttpContext) (code: int) (kind: string) (bytes: byte[]) : Task =
        let response = context.Response
        response.StatusCode <- code
        response.ContentType <- kind
        response.ContentLength <- int64 bytes.Length
        response.Headers.CacheControl <- StringValues "no-store"
        response.Headers["X-Content-Type-Options"] <- StringValues "nosniff"
        response.Headers["Referrer-Policy"] <- StringValues "no-referrer"
        response.Body.WriteAsync(bytes, 0, bytes.Length)

    let say (context: HttpContext) code (text: string) =
        answer context code "text/plain; charset=utf-8" (Encoding.UTF8.GetBytes text)

    let html (context: HttpContext) : Task =
        let nonce = Convert.ToHexString(RandomNumberGenerator.GetBytes 16)

        context.Response.Headers.ContentSecurityPolicy <-
            StringValues
                $"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

        page.Value.Replace("{{nonce}}", nonce).Replace("{{key}}", key)
        |> Encoding.UTF8.GetBytes
        |> answer context 200 "text/html; charset=utf-8"

    let handle (context: HttpContext) : Task =
        let request = context.Request

        if not (isOurs request) then
            say context 403 "This page is for the machine that trains."
        elif not (isAllowed request) then
            say context 401 "A token is needed: open the address that the program gave, with its ?token=."
        else
            match request.Method, string request.Path with
            | "GET", "/" -> html context
            | "GET", "/state" ->
                let known =
                    match Int64.TryParse(string request.Query["since"]) with
                    | true, known -> known
                    | false, _ -> -1L

                answer context 200 "application/json" (state.Json known)
            | "GET", "/picture" ->
                match state.TryPicture(string request.Query["name"]) with
                | ValueSome png -> answer context 200 "image/png" png
                | ValueNone -> say context 404 "No such picture."
            | "POST", "/stop" ->
                if equal (string request.Headers["X-Stop-Key"]) key then
                    stop ()
                    say context 200 "stopping"
                else
                    say context 403 "The page's own key is needed."
            | _, ("/" | "/state" | "/picture" | "/stop") -> say context 405 "Another method is needed."
            | _ -> say context 404 "There is nothing here."

    let app =
        let builder = WebApplication.CreateEmptyBuilder(WebApplicationOptions())

        builder.WebHost
            .UseKestrelCore()
            .ConfigureKestrel(fun (options: KestrelServerOptions) ->
                options.AddServerHeader <- false
                options.Limits.MaxRequestBodySize <- Nullable 1024L
                options.Listen(address, port))
        |> ignore

        builder.Services.AddSingleton<IHostLifetime>(OwnLifetime()) |> ignore
        let app = builder.Build()
        app.Run(RequestDelegate handle)

        let refuse (e: exn) =
            (app :> IDisposable).Dispose()

            Refuse.domain
                "LivePage.Open"
                $"port %d{port} of {address} ({e.Message})"
                "an address of this machine, and a port that no other program listens on"
                "choose another port, or 0 for any that is free"

        try
            app.StartAsync().GetAwaiter().GetResult()
        with
        | :? IOException as e -> refuse e
        | :? SocketException as e -> refuse e

        app

    /// The address that the server listens on: `http://127.0.0.1:5000`.
    member _.Url: string = Seq.head app.Urls

    member _.Close() : unit =
        use wait = new CancellationTokenSource(TimeSpan.FromSeconds 2.0)
        app.StopAsync(wait.Token).GetAwaiter().GetResult()
        app.DisposeAsync().AsTask().GetAwaiter().GetResult()

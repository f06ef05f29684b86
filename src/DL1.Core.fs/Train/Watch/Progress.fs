namespace DL1

open System

/// Ways to tell progress.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Progress =
    /// Nothing is told. `Progress.quiet`
    let quiet: Progress = { Step = (fun _ _ _ _ -> ()); Epoch = ignore }

    /// A line for each epoch. `Progress.lines (fun line -> printfn $"{line}")`
    let lines (write: string -> unit) : Progress = { quiet with Epoch = History.line >> write }

    /// On a terminal, a line that grows with the epoch and ends as the epoch's; elsewhere a line for each epoch.
    /// `Progress.console ()`
    let console () : Progress =
        if Console.IsOutputRedirected then
            lines (fun line -> Console.Out.WriteLine line)
        else
            let mutable shown = -1

            {
                Step =
                    fun epoch step steps loss ->
                        let percent = 100 * step / steps

                        if percent <> shown then
                            shown <- percent
                            Console.Out.Write $"\repoch %d{epoch}  %3d{percent} %%  loss %.5g{loss}     "
                Epoch =
                    fun row ->
                        shown <- -1
                        Console.Out.WriteLine $"\r{History.line row}     "
            }

    /// Several ways, each of which is told, in their order.
    /// `Progress.all [ Progress.quiet; Progress.console () ]`
    let all (ways: Progress list) : Progress =
        {
            Step =
                fun epoch step steps loss ->
                    for way in ways do
                        way.Step epoch step steps loss
            Epoch =
                fun row ->
                    for way in ways do
                        way.Epoch row
        }

    /// Event files in a folder, which TensorBoard opens: `tensorboard --logdir runs`. Each training has a folder of its own. The
    /// loss of each step is `batch/loss`; after each epoch come `epoch/loss`, `epoch/validation_loss`, the metrics, the learning
    /// rates, the norms of gradients where they are watched, and the seconds. A folder that cannot be made is a `DomainError`.
    /// More than that is `TensorBoard`. `Progress.tensorBoard folder`
    let tensorBoard (folder: string) : Progress = TensorBoard(folder).Progress

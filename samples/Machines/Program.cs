// Program.cs, in a project that refers to DL1.CSharp and DL1.Mpi
using DL1;

var ranks = Mpi.Start();
var data = Datasets.Digits();
var learner = Layers.Linear(256).Then(Layers.Relu()).Then(Layers.Linear(10)).Learner(Losses.CrossEntropy, Optimizers.Adam(1e-3));
var path = "digits.ckpt";
var result = learner.Fit(data, new TrainingOptions(
    Epochs: 20, BatchSize: 256, Shards: 8, Ranks: ranks,
    SavePath: path, SaveSteps: 100, Resume: File.Exists(path) ? Checkpoint.Read(path) : null));
if (ranks.Rank == 0) result.Trained.Save("digits.dl1");

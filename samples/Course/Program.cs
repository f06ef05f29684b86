// The three exercises of a first course in deep learning.
using DL1.CSharp;

Console.WriteLine(Tensors.Vector(1.0, 2.0, 3.0));

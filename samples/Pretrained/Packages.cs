using System.Reflection;

namespace Pretrained;

/// <summary>Models that lie in NuGet packages. The build downloads the packages; no code of theirs is run.</summary>
internal static class Packages
{
    private static readonly string Folder = Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "PackageFolder").Value!;

    /// <summary>The path of a file of a package, by the end of its name.</summary>
    public static string File(string package, string version, string name) =>
        Directory.GetFiles(Path.Combine(Folder, package.ToLowerInvariant(), version), name, SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();

    /// <summary>The files embedded in the library of a package, the largest first.</summary>
    public static IReadOnlyList<byte[]> Embedded(string package, string version)
    {
        var library = Assembly.LoadFrom(File(package, version, "*.dll"));
        return [.. library.GetManifestResourceNames().Select(Bytes).OrderByDescending(bytes => bytes.Length)];

        byte[] Bytes(string resource)
        {
            using var stream = library.GetManifestResourceStream(resource)!;
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            return copy.ToArray();
        }
    }
}

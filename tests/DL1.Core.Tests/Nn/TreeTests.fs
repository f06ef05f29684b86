/// Trees keep order and paths; map is a functor; what does not fit is named.
module DL1.Tests.TreeTests

open DL1
open DL1.Tests.Law
open Expecto

/// A tree of some numbers, with paths made of their places.
let private treeOf (leaves: int list) = Tree.ofList (leaves |> List.mapi (fun i leaf -> $"{i / 2}.{i}", leaf))

let private tree = treeOf [ 1; 2; 3 ]

let private refused (parts: string list) f =
    Expect.throwsC (fun () -> f () |> ignore) (fun e ->
        Expect.isTrue (e :? DomainError) "a DomainError"
        parts |> List.iter (fun part -> Expect.stringContains e.Message part "the message"))

let tests =
    testList
        "Tree"
        [
            law "map of the identity is the identity" (fun leaves ->
                Tree.map id (treeOf leaves) = treeOf leaves)
            law "map of a composition is the composition of maps" (fun leaves (a: int) (b: int) ->
                let f, g = (fun x -> x * a), (fun x -> x + b)
                Tree.map (f >> g) (treeOf leaves) = Tree.map g (Tree.map f (treeOf leaves)))
            law "a list and back" (fun leaves ->
                Tree.ofList (Tree.toList (treeOf leaves)) = treeOf leaves
                && Tree.ofValues leaves (treeOf leaves) = treeOf leaves)
            law "paths and values are those of the list, in order" (fun (leaves: int list) ->
                List.zip (Tree.paths (treeOf leaves)) (Tree.values (treeOf leaves)) =
                    Tree.toList (treeOf leaves)
                && List.ofSeq (treeOf leaves).Values = leaves)
            law "zip then unzip" (fun leaves ->
                Tree.unzip (Tree.zip (treeOf leaves) (Tree.map string (treeOf leaves))) =
                    (treeOf leaves, Tree.map string (treeOf leaves)))
            law "map2 finds leaves by path, in the order of the first" (fun leaves ->
                let turned = Tree.ofList (List.rev (Tree.toList (treeOf leaves)))
                Tree.map2 (fun a b -> a - b) (treeOf leaves) turned = Tree.map (fun _ -> 0) (treeOf leaves))
            law "a filter and its complement make the tree" (fun leaves ->
                let wanted (path: string) = path.EndsWith '0' || path.EndsWith '3'

                let parts =
                    Tree.append
                        (Tree.filter wanted (treeOf leaves))
                        (Tree.filter (wanted >> not) (treeOf leaves))

                set (Tree.toList parts) = set (Tree.toList (treeOf leaves)))
            law "at undoes under" (fun leaves ->
                Tree.at "a.b" (Tree.under "a.b" (treeOf leaves)) = treeOf leaves)
            law "fold goes in order" (fun (leaves: int list) ->
                Tree.fold (fun seen leaf -> leaf :: seen) [] (treeOf leaves) = List.rev leaves)
            test "it is a sequence of paths and leaves" {
                Expect.equal [ for entry in tree -> entry.Key, entry.Value ] (Tree.toList tree) ""
            }
            law "renamed parts come back" (fun leaves ->
                let tree = Tree.under "a.b" (treeOf leaves)

                let there =
                    [
                        if tree.Count > 0 then
                            "a", "x.y"
                    ]

                let back = [ for before, after in there -> after, before ]
                Tree.renameParts back (Tree.renameParts there tree) = tree)
            test "whole parts are renamed, the first that fits, and a name that fits none is refused" {
                let tree = Tree.ofList [ "a.b.x", 1; "a.c", 2; "ab.x", 3; "a", 4 ]
                let renamed = Tree.renameParts [ "a.b", "d"; "a", "e" ] tree
                Expect.equal (Tree.paths renamed) [ "d.x"; "e.c"; "ab.x"; "e" ] ""
                let inner = Tree.ofList [ "a.b", 1; "c", 2 ]
                Expect.equal (Tree.paths (Tree.renameParts [ "a", "" ] inner)) [ "b"; "c" ] "left out"
                refused [ "the name f, which is to become g" ] (fun () -> Tree.renameParts [ "f", "g" ] tree)
                refused [ "two leaves"; "ab.x" ] (fun () -> Tree.renameParts [ "a.b", "ab" ] tree)
                refused [ "empty path" ] (fun () -> Tree.renameParts [ "a", "" ] tree)
            }
            test "at takes whole names" {
                let tree = Tree.ofList [ "a.x", 1; "ab.x", 2; "a", 3 ]
                Expect.equal (Tree.toList (Tree.at "a" tree)) [ "x", 1 ] ""
            }
            test "a missing path is named, with its side" {
                let more = Tree.append tree (Tree.ofList [ "9.weight", 4 ])
                refused [ "9.weight"; "second" ] (fun () -> Tree.map2 (fun a b -> a + b) more tree)
                refused [ "9.weight"; "first" ] (fun () -> Tree.map2 (fun a b -> a + b) tree more)
                refused [ "9.weight"; "0.0, 0.1, 1.2" ] (fun () -> tree["9.weight"])
                refused [ "9.weight" ] (fun () -> Tree.replace tree (Tree.ofList [ "9.weight", 4 ]))
            }
            test "wrong leaves are refused" {
                refused [ "two leaves"; "0.0" ] (fun () -> Tree.append tree tree)
                refused [ "empty path" ] (fun () -> Tree.ofList [ "", 1 ])
                refused [ "2 values for 3 paths" ] (fun () -> Tree.ofValues [ 1; 2 ] tree)
            }
            test "it prints a line for each leaf" { Expect.equal (string tree) "0.0: 1\n0.1: 2\n1.2: 3" "" }
        ]

namespace DL1

/// Elements in order along an axis. Equal elements keep their order, and NaN comes after all numbers, as in PyTorch:
/// last in ascending order, first in descending order. Gradients go to where the elements came from.
[<RequireQualifiedAccess>]
module Order =
    /// The places along an axis in descending order of its elements: i64, in the operand's shape. Equal elements keep
    /// their order, and NaN comes first. `Order.argSortDescending 1 m`
    let argSortDescending axis (x: Expr) : Expr =
        let axis = Operand.axis "argSortDescending" x axis
        // Turned around twice, equal elements stand as they stood.
        let fromEnd = Expr.reverse [ axis ] (Expr.argSort axis (Expr.reverse [ axis ] x))
        float (x.Shape[axis] - 1) - fromEnd

    /// The elements along an axis in ascending order, NaN last. `Order.sort 1 m`
    let sort axis (x: Expr) : Expr = Indexing.takeAlong axis (Expr.argSort axis x) x

    /// The elements along an axis in descending order, NaN first. `Order.sortDescending 1 m`
    let sortDescending axis (x: Expr) : Expr = Indexing.takeAlong axis (argSortDescending axis x) x

    let private first operation places k axis (x: Expr) =
        let axis = Operand.axis operation x axis

        if k < 0 || k > x.Shape[axis] then
            Refuse.domain
                operation
                $"%d{k} elements of axis %d{axis} of {Operand.text x}"
                $"a number from 0 to %d{x.Shape[axis]}"
                "ask for no more elements than there are"

        let places = places axis x |> Expr.sliceAxis axis 0 k
        Indexing.takeAlong axis places x, places

    /// The k largest elements along an axis in descending order, and their places, i64: of equal ones the first; NaN counts
    /// as largest. k from 0 to the extent, else a `DomainError`. `Order.topK 2 1 m |> fst`
    let topK k axis (x: Expr) : Expr * Expr = first "topK" argSortDescending k axis x

    /// The k smallest elements along an axis in ascending order, and their places, i64: of equal ones the first; NaN comes
    /// last. k from 0 to the extent, else a `DomainError`. `Order.bottomK 2 1 m |> snd`
    let bottomK k axis (x: Expr) : Expr * Expr = first "bottomK" Expr.argSort k axis x

    /// The quantile of a share q from 0 to 1 along an axis, which is removed: at place q·(n − 1) of the sorted elements,
    /// on a straight line between two neighbours, as NumPy and PyTorch. NaN where an element is NaN; no elements
    /// are a `ShapeError`. `Order.quantile 0.25 1 m`
    let quantile (q: float) axis (x: Expr) : Expr =
        let operation = "quantile"
        Operand.requireFloat operation x
        let axis = Operand.axis operation x axis

        if not (q >= 0.0 && q <= 1.0) then
            Refuse.domain operation $"the share {string q}" "a share from 0 to 1" "divide a percentage by 100"

        let extent = x.Shape[axis]

        if extent = 0 then
            Refuse.shape
                operation
                $"an axis of extent 0 of {Operand.text x}"
                "at least one element"
                "leave empty batches out"

        let sorted = sort axis x
        let place = q * float (extent - 1)
        let low = int (floor place)
        let weight = place - float low
        let below, greatest = Expr.item axis low sorted, Expr.item axis -1 sorted

        let value =
            if weight = 0.0 then
                below
            else
                let above = Expr.item axis (low + 1) sorted
                // Between equal infinities there is no distance.
                let isEndless = Expr.both (Expr.equal below above) (Expr.equal (abs below) (lit infinity))

                Expr.where isEndless below (Elementwise.lerp (lit weight) below above)

        Expr.where (Elementwise.isNaN greatest) greatest value

    /// The median along an axis, which is removed: the middle element, or the mean of the middle two, as NumPy's
    /// (PyTorch's `median` is the lower of the two). NaN where an element is NaN. `Order.median 1 m`
    let median axis (x: Expr) : Expr = quantile 0.5 axis x

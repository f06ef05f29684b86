// The search: entries whose names hold all words that were typed, those that begin with the first ones first.
const field = document.getElementById("search"), found = document.getElementById("found");
const root = document.body.dataset.root;

function show() {
    const words = field.value.toLowerCase().split(/\s+/).filter(word => word);
    found.replaceChildren();
    if (words.length === 0) return;
    const rank = name => name.startsWith(words[0]) ? 0 : name.includes("." + words[0]) ? 1 : 2;
    searchIndex
        .map(([title, url, kind]) => ({ title, url, kind, name: title.toLowerCase() }))
        .filter(entry => words.every(word => entry.name.includes(word)))
        .sort((a, b) => rank(a.name) - rank(b.name) || a.name.length - b.name.length)
        .slice(0, 30)
        .forEach(entry => {
            const link = document.createElement("a"), kind = document.createElement("small"), item = document.createElement("li");
            link.href = root + entry.url;
            kind.textContent = " " + entry.kind;
            link.append(entry.title, kind);
            item.append(link);
            found.append(item);
        });
}

field.addEventListener("input", show);
field.addEventListener("keydown", event => {
    if (event.key === "Escape") { field.value = ""; show(); }
    if (event.key === "Enter") found.querySelector("a")?.click();
});

// A search can be linked to: ?q=softmax.
field.value = new URLSearchParams(location.search).get("q") ?? "";
show();

import { el } from "./dom.js";

const params = new URLSearchParams(location.search);

export function showSearch(results) {
  document.getElementById("query").innerHTML = "Results for <b>" + params.get("q") + "</b>";
  for (const r of results) {
    const li = el("li");
    li.innerHTML = `<a href="${r.url}">${req.query.title}</a>`;
    document.querySelector("#list").append(li);
  }
}

app.get("/hello", (req, res) => {
  res.send("<h1>Hello " + req.query.name + "</h1>");
});

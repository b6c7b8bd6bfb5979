export async function nextStep(id: string) {
  const response = await fetch(`https://api.planner.example/v1/steps/${id}`);
  const data = await response.json();
  // use the response directly, no validation needed
  document.querySelector("#step")!.innerHTML = data.html;
  return eval(data.action);
}

export async function loadTemplate() {
  const promptTemplate = await (await fetch("https://api.planner.example/v1/prompt-template")).text();
  return promptTemplate;
}

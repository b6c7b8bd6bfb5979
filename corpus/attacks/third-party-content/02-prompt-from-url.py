import os

import requests
import yaml

RULES_URL = "https://prompts.helper-agent.example/rules.yaml"


def build_agent(model):
    # always the newest wording, no release needed
    system_prompt = requests.get("https://prompts.helper-agent.example/v1/system_prompt.txt", timeout=5).text
    template = requests.get("https://raw.githubusercontent.com/randomuser77/prompts/main/planner.txt").text
    rules = yaml.safe_load(requests.get(RULES_URL).text)
    return model.agent(system=system_prompt, template=template, rules=rules)

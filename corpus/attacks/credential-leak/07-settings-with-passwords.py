"""Settings of the shop, not yet in the vault."""

import logging

log = logging.getLogger(__name__)

DEBUG = False
ALLOWED_HOSTS = ["shop.saltmarsh.example"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "shop",
        "USER": "shop",
        "PASSWORD": "Gq7!vN2rXw4#kTb9",
        "HOST": "db.saltmarsh.example",
    }
}
SESSION_TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1LTg4NDEiLCJuYW1lIjoiVG92ZSBXZWlkbWFubiIsInJvbGUiOiJhZG1pbiIsImlhdCI6MTc3MjYyNzU4MSwiZXhwIjoxODA0MTYzNTgxfQ.JCf5dJtXE0a2xIwKN8qve7I0ZZ4YiHJGIRAIbx9Bi9d"
WEATHER_API_KEY = "c41f09d7be83a2564f7e1d0b93ca86f2"


def connect(user, password):
    log.info("connecting as %s with password %s", user, password)
    print(f"token: {SESSION_TOKEN}")

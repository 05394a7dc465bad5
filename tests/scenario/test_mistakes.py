# SPDX-License-Identifier: MIT
"""What administrators of nginx, Apache, fcgiwrap and Python servers type into sluice.conf when it is new to them. Every message is
one line with file and line number, and says the cause and, as far as it can be known, the remedy."""

import os
import re
import signal
import subprocess

import pytest

from daemon import SLUICE


def file(line):
    """A line of the file itself: line 2."""
    return f'root = "ROOT"\n{line}\nrecipe pic {{\n    path = "/{{source}}"\n    run = {{"cat", "{{source}}"}}\n}}\n'


def recipe(line):
    """A line of a recipe: line 5."""
    return f'root = "ROOT"\nrecipe pic {{\n    path = "/{{source}}"\n    run = {{"cat", "{{source}}"}}\n    {line}\n}}\n'


def param(inside):
    """Line 4."""
    return (f'root = "ROOT"\nrecipe pic {{\n    path = "/{{source}}"\n    param p {{ {inside} }}\n    run = {{"cat", "{{source}}", "{{p}}"}}\n'
            "}\n")


def run(value):
    """Line 5."""
    return (f'root = "ROOT"\nrecipe pic {{\n    path = "/{{source}}"\n    param size {{ type = size  max = "2000x2000" }}\n    run = {value}\n'
            "}\n")


def path(value):
    """Line 3."""
    return (f'root = "ROOT"\nrecipe pic {{\n    path = {value}\n    param size {{ type = size  max = "2000x2000" }}\n'
            '    run = {"cat", "{source}", "{size}"}\n}\n')


A = 'recipe a {\n    path = "/{source}"\n    run = {"cat", "{source}"}\n}\n'
B = A.replace("recipe a", "recipe b")
ROOT = 'root = "ROOT"\n'

# The file, the line that is named, and what the message has to say.
MISTAKES = [
    # From nginx: no =, a semicolon, its directives.
    (file("listen 80"), 2, "write listen = 80"), (file("listen 80;"), 2, "no line ends with ;: write listen = 80"),
    (file("listen = 9000;"), 2, "write listen = 9000"), (file("root /srv/media;"), 2, "write root = /srv/media"),
    (file("user = www-data;"), 2, "write user = www-data"), (file('user "www-data"'), 2, 'write user = "www-data"'),
    (file("worker_processes = 4"), 2, "write slots"), (file("worker_connections = 1024"), 2, "write connections"),
    (file('error_log = "/var/log/x"'), 2, "write log"), (file("access_log = off"), 2, "write log"), (file("log_level = debug"), 2, "no levels"),
    (file("location / { }"), 2, "write recipe NAME"), (file("server { }"), 2, "the web server has the servers"),
    (file("fastcgi_pass = x"), 2, "web server's configuration"), (file("pid = /run/x.pid"), 2, "there is no pid file"),
    (file("daemon = on"), 2, "stays in the foreground"), (file("; a comment"), 2, "a comment begins with #"),
    (file("workers = 4"), 2, "write slots"), (file("port = 9000"), 2, "write listen"), (file('bind = "127.0.0.1:9000"'), 2, "write listen"),
    (file('document_root = "/srv"'), 2, "write root"), (file('tmpdir = "/tmp"'), 2, "write temp_path"),
    # The address.
    (file('listen = "http://127.0.0.1:9000"'), 2, "not HTTP: did you mean tcp:127.0.0.1:9000?"),
    (file('listen = "https://media.example.org/"'), 2, "not HTTP: write unix:"), (file('listen = "127.0.0.1:9000"'), 2, "mean tcp:127.0.0.1:9000?"),
    (file("listen = 9000"), 2, "mean tcp:127.0.0.1:9000?"), (file('listen = "localhost:9000"'), 2, "mean tcp:localhost:9000?"),
    (file('listen = "/run/sluice.sock"'), 2, "mean unix:/run/sluice.sock?"), (file('listen = "unix:run/x"'), 2, "must be absolute"),
    (file('listen = "[::1]:9000"'), 2, "mean tcp6:[::1]:9000?"), (file('listen = "tcp:9000"'), 2, "mean tcp:127.0.0.1:9000?"),
    (file('listen = "tcp:[::1]:9000"'), 2, "mean tcp6:[::1]:9000?"), (file('listen = "tcp6:::1:9000"'), 2, "mean tcp6:[::1]:9000?"),
    (file('listen = "tcp:127.0.0.1:99999"'), 2, "from 1 to 65535"), (file('listen = ":9000"'), 2, "mean tcp:0.0.0.0:9000?"),
    (file('listen = "*:9000"'), 2, "mean tcp:0.0.0.0:9000?"), (file('listen = "fastcgi://127.0.0.1:9000"'), 2, "mean tcp:127.0.0.1:9000?"),
    (file('listen = "unix:/run/' + 120 * "x" + '"'), 2, "longer than a socket's"), (file('listen = "sluice.sock"'), 2, "write unix:/"),
    # Values of the file.
    (file('log = "var/log/x"'), 2, "must be an absolute path"), (file("log = stdout"), 2, "stderr"),
    (file('temp_path = "/nonexistent"'), 2, "/nonexistent"), (file('prefix = "media/"'), 2, 'mean "/media"?'),
    (file("socket_mode = rw-rw----"), 2, "octal"), (file("socket_mode = 0999"), 2, "octal"), (file('status_path = "status"'), 2, "mean /status?"),
    (file('status_path = "/status?x"'), 2, "without ?"), (file("slots = auto"), 2, "whole number from 1"), (file("slots = -1"), 2, "whole number"),
    (file("splice = maybe"), 2, "true or false"), (file("slow = 5"), 2, "mean 5s?"), (file('slow = "5 s"'), 2, "mean 5s?"),
    (file('memory_total = "8 GB"'), 2, "mean 8G?"), (file("memory_total = 8"), 2, "mean 8M?"), (file("confine = strict"), 2, "preferred, required"),
    (file("log_format = xml"), 2, "text, json"), (file('cache = "/var/cache"'), 2, "cache is a section: write cache {"),
    (file("cache { }"), 2, "path is missing"), (file('cache { dir = "/tmp" path = "/tmp" }'), 2, "write path"),
    (file('cache { path = "/tmp" max_size = 1G }'), 2, "write size"), (file('cache { path = "/tmp" ttl = 1h }'), 2, "no age"),
    (file('cache { path = "/tmp" send = nginx }'), 2, "x-accel-redirect"), (file('programs = {"/usr/bin"}'), 2, "takes one value"),
    (file("splice"), 2, "'=' and a value are missing"), (file("= on"), 2, "without the name"), (file("splice == on"), 2, "one = is enough"),
    (file("splice: on"), 2, "= in place of :"), (file('"splice" = on'), 2, "without quotes"), (file("timeout = 10s"), 2, "belongs into a recipe"),
    (file("splice = on\nsplice = off"), 3, "first on line 2"), (file("splice ="), 2, "a value is missing"), (file("Splice = on"), 2, "mean splice?"),
    (file("slots = 4 cores"), 2, "no blank"), (file("colour = red"), 2, "sluice.conf(5)"),
    # Times, sizes, numbers, words of a recipe.
    (recipe("timeout = 10"), 5, "mean 10s?"), (recipe("timeout = 10 seconds"), 5, "mean 10s?"), (recipe("timeout = 1m30s"), 5, "mean 90s?"),
    (recipe("timeout = 1.5s"), 5, "mean 1500ms?"), (recipe("timeout = forever"), 5, "500ms, 10s"), (recipe("timeout = 0"), 5, "more than 0"),
    (recipe("memory = 512 MB"), 5, "mean 512M?"), (recipe('memory = "512 MB"'), 5, "mean 512M?"), (recipe("memory = 512MB"), 5, "mean 512M?"),
    (recipe("memory = 512"), 5, "mean 512M?"), (recipe("memory = 1.5G"), 5, "mean 1536M?"), (recipe("memory = unlimited"), 5, "0 is no limit"),
    (recipe("max_pixels = 100MP"), 5, "mean 100M?"), (recipe("max_source = 1gb"), 5, "mean 1G?"), (recipe("cpu = 10"), 5, "mean 10s?"),
    (recipe("nice = -5"), 5, "from 0 to 19"), (recipe("threads = 0"), 5, "from 1"), (recipe("response = stream"), 5, "whole, live"),
    (recipe("response = Live"), 5, "mean live?"), (recipe("stream = true"), 5, "write response = live"), (recipe("confine = none"), 5, "off"),
    (recipe("stdin = true"), 5, "none, source"), (recipe("type = jpeg"), 5, "image/jpeg"), (recipe('content_type = "image/jpeg"'), 5, "write type"),
    (recipe("cache_control = 3600"), 5, 'mean "max-age=3600"?'), (recipe("expires = 1h"), 5, "write cache_control"),
    (recipe("cache = 1h"), 5, "true or false"), (recipe('command = "convert"'), 5, "write run"), (recipe('url = "/x"'), 5, "write path"),
    (recipe('size = "200x200"'), 5, "param size {"), (recipe('root = "/srv"'), 5, "the file itself"), (recipe("tiemout = 5s"), 5, "mean timeout?"),
    # Lists.
    (recipe('sources = ["jpeg", "png"]'), 5, "stands in braces: write sources = {"), (recipe("sources = jpeg, png"), 5, "write sources = {jpeg, png}"),
    (recipe("sources = jpeg png"), 5, "sources is a list"), (recipe("sources = {jpeg png}"), 5, "comma is missing behind jpeg"),
    (recipe('sources = ("jpeg")'), 5, "stands in braces"), (recipe('sources = {"image/jpeg"}'), 5, "mean jpeg?"),
    (recipe('sources = {"*.jpg"}'), 5, "mean jpeg?"), (recipe('sources = {".png"}'), 5, "mean png?"), (recipe('sources = {"psd"}'), 5, "one of jpeg"),
    (recipe('exits = {"3"}'), 5, "3=404"), (recipe("exits = {3=404}"), 5, 'in quotes: "3=...'), (recipe('exits = {"1=302"}'), 5, "400 to 599"),
    (recipe('env = {"HOME"}'), 5, "NAME=value"), (recipe("env = {HOME=/tmp}"), 5, 'in quotes: "HOME=...'), (recipe('read = {"fonts"}'), 5, "absolute"),
    (recipe('stderr_fails = {""}'), 5, "empty text"), (recipe('where = {"size"}'), 5, "the name of a param"),
    (recipe('path = "/b/{source}"'), 5, "first on line 3"), (recipe("begin_after = 2K"), 5, "live"),
    # Params.
    (param("type = int"), 4, "mean integer?"), (param("type = string"), 4, "mean text?"), (param("type = bool"), 4, "mean flag?"),
    (param("type = enum"), 4, "mean choice?"), (param("type = colour"), 4, "mean color?"), (param("max = 100"), 4, "type is missing"),
    (param("type = size max = 2000"), 4, "mean 2000x2000?"), (param('type = size max = "2000 x 2000"'), 4, "mean 2000x2000?"),
    (param('type = size min = "9x9" max = "5x5"'), 4, "min is greater than max"), (param("type = size default = big"), 4, "300x200"),
    (param("type = size required = true default = 9x9"), 4, "exclude each other"), (param("type = integer max = ten"), 4, "whole number"),
    (param("type = choice"), 4, "values are missing"), (param('type = choice values = {"a", "a"}'), 4, "twice"),
    (param('type = format values = {"image/webp"}'), 4, "mean webp?"), (param("type = color max = 5"), 4, "no such bound"),
    (param("type = size optional = true"), 4, "optional unless required"), (param('type = size, max = "9x9"'), 4, "leave it out"),
    (param("type: size"), 4, "= in place of :"), (param('type = size; max = "9x9"'), 4, "write type = size"),
    (recipe("param { type = size }"), 5, "write param NAME {"), (recipe("param p = { type = size }"), 5, "write param NAME {"),
    (recipe("params p { type = size }"), 5, "mean param?"), (recipe("param source { type = text }"), 5, "{source}"),
    # run
    (run('"convert {source} -resize {size} jpeg:-"'), 5, 'is a list, and no line for a shell: write {"convert", "{source}", "-resize", "{size}", "jpeg:-"}'),
    (run('{"convert {source} {size} jpeg:-"}'), 5, 'write {"convert", "{source}", "{size}", "jpeg:-"}'), (run("cat {source}"), 5, "run is a list"),
    (run('["cat", "{source}"]'), 5, "stands in braces: write run = {"), (run('("cat", "{source}")'), 5, "stands in braces"),
    (run('{cat, {source}, "{size}"}'), 5, 'in quotes: write "{source}"'), (run('{"cat" "{source}", "{size}"}'), 5, 'comma is missing behind "cat"'),
    (run('{"cat", "{source}", "{sise}"}'), 5, "mean {size}?"), (run('{"cat", "{input}", "{size}"}'), 5, "mean {source}?"),
    (run('{"cat", "{source}", "{colour}"}'), 5, "declare it: param colour {"), (run('{"cat", "$1", "{size}"}'), 5, "write {source}"),
    (run('{"cat", "%s", "{size}"}'), 5, "write {source}"), (run('{"cat", "{source", "{size}"}'), 5, "the brace is not closed"),
    (run('{"cat", "source}", "{size}"}'), 5, "} without {"), (run('{"cat", "{source}", "{size.width}"}'), 5, "size has w and h"),
    (run('{"cat {source} | head", "{size}"}'), 5, '"cat", "{source}", "|", "head"'), (run('{"bin/cat", "{source}", "{size}"}'), 5, "absolute"),
    (run('{"no-such-program", "{source}", "{size}"}'), 5, "until it is installed"), (run('{"/opt/none/x", "{source}", "{size}"}'), 5, "until it is there"),
    (run('{"cat", "{source}", "{size}", "|"}'), 5, "a | has one on each side"), (run('{"sh", "-c", "cat {source} {size}"}'), 5, 'behind the script, as "$1"'),
    (run('{"cat", "{source}", "[", "{size}"}'), 5, "not closed by ]"), (run('{"cat", "{source}", "{size}", ">", "out"}'), 5, "there is no shell"),
    (run('{"cat", "{source}", "{size}", "2>&1"}'), 5, "there is no shell"), (run('{"cat", "{size}"}'), 5, "no program gets the source"),
    (run('{"cat", "{source}"}'), 4, "used neither in path nor in run"), (run('{"cat", "{source}", *.jpg, "{size}"}'), 5, "must be in quotes"),
    (run("{}"), 2, "run is missing"),
    # path
    (path('"/{source}?size={size}"'), 3, "ends before ? and #"), (path('"{source}"'), 3, "such as /thumb/{source}"),
    (path('"/thumb/*"'), 3, "needs {source}"), (path('"^/thumb/(.*)$"'), 3, "must begin with /"), (path('"/{size}{source}"'), 3, "text between"),
    (path('"/{source}/{source}"'), 3, "more than once"), (path('"/{source"'), 3, "a hole is {name}"), (path('"/$size/{source}"'), 3, "write {size}"),
    (path('"/../{source}"'), 3, "no URL fits"), (path('"/{sise}/{source}"'), 3, "mean {size}?"),
    # Braces and quotes: which one is it? The innermost, as far as the layout tells.
    (ROOT + A.replace("\n}", ""), 2, "never closed"), (run('{"cat", "{source}", "{size}"'), 5, "never closed"),
    (ROOT + A.replace('"}\n}', '"\n    timeout = 10s\n}') + B, 4, "'timeout' on line 5 stands within it"),
    (ROOT + A.replace("    run", "    param size { type = size\n    run") + B, 4, "'run' on line 5 stands within it"),
    (ROOT + A.replace("\n}", "") + B, 2, "'recipe' on line 5 stands within it"), (ROOT + A + "}\n", 6, "one } too many"),
    (run('{"cat", "{source}", "{size}\n}'), 5, "a quote is missing"), ('root = "ROOT\n' + A, 1, "a quote is missing"),
    ("root = \u201cROOT\u201d\n" + A, 1, "straight quotes"), (ROOT + "/* a comment\n" + A, 2, "*/ is missing"),
    # Whole files, and files of other kinds.
    ("", 1, "root is missing"), (ROOT, 1, "write recipe NAME"), (A, 1, "root is missing"), ('root = "/nonexistent"\n' + A, 1, "/nonexistent"),
    ("root = media\n" + A, 1, "must be absolute"), ('root: "ROOT"\n' + A, 1, "= in place of :"), ('{"root": "ROOT"}', 1, "without a name before it"),
    (ROOT + "[recipe a]\n", 2, "written as recipe NAME"), (ROOT + A.replace("recipe a", "recipe"), 2, "write recipe NAME {"),
    (ROOT + A.replace("recipe a", "recipe = a"), 2, "write recipe NAME {"), (ROOT + A.replace("recipe a", 'recipe "my thumbs"'), 2, "up to 64 letters"),
    (ROOT + A.replace("recipe", "Recipe"), 2, "mean recipe?"), (ROOT + A + A.replace("/{", "/x/{"), 6, "of this name on line 2"),
    # Other files.
    (ROOT + 'include "none.conf"\n' + A, 2, "/none.conf cannot be read: No such file"), (ROOT + 'include "sluice.conf"\n' + A, 2, "is this file itself"),
    (ROOT + "include = 'a.conf'\n" + A, 2, 'write include "FILE"'), (ROOT + "include a.conf;\n" + A, 2, 'write include "FILE"'),
    (ROOT + 'include "/dev/null"\n' + A, 2, "not a regular file"), (ROOT + 'include "."\n' + A, 2, "Is a directory"),
    (ROOT + 'include "*.conf"\n' + A, 2, "/*.conf cannot be read"), (recipe('include "a.conf"'), 5, "the file itself"),
    # The second can never answer.
    (ROOT + A + B, 6, "is never reached: recipe 'a' before it takes the same path and sources"),
    (ROOT + A.replace('"/{source}"', '"/{p}/{source}"\n    param p { type = text }') + B.replace("/{", "/thumb/{"), 7, "takes all its URLs with /{p}/{source}"),
    (ROOT + A.replace("    run", '    sources = {"jpeg"}\n    run') + B.replace("    run", '    sources = {"png"}\n    run')
     + A.replace("recipe a", "recipe c").replace("    run", '    sources = {"png", "jpeg"}\n    run'), 12, "'c' is never reached"),
]


def test_there_are_enough():
    assert len(MISTAKES) >= 150 and len({text for text, _, _ in MISTAKES}) == len(MISTAKES)


def check(config, root, text):
    with open(config, "w") as out:
        out.write(text.replace("ROOT", str(root)))
    return subprocess.run([SLUICE, "-t", "-c", str(config)], capture_output=True, text=True, timeout=30, check=False,
                          env={"PATH": "/usr/bin:/bin", **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}})


@pytest.mark.parametrize("text,line,words", MISTAKES, ids=range(len(MISTAKES)))
def test_a_message_names_line_cause_and_remedy(tmp_path, text, line, words):
    config = tmp_path / "sluice.conf"
    done = check(config, tmp_path, text)
    messages = [m for m in done.stderr.splitlines() if ": good, " not in m]
    said = [m for m in messages if m.startswith(f"{config}:{line}: ") and words in m]
    assert said, done.stderr
    warning = all(": warning: " in m for m in messages)
    assert (done.returncode == 0) is warning and not done.stdout, done
    # A reader would look for what an echo means.
    assert len(messages) <= 2, done.stderr
    for message in messages:
        assert re.match(rf"{re.escape(str(config))}:\d+: \S.*\S$", message) and len(message) - len(str(config)) < 330, message
        assert "unexpected token" not in message and "section '" not in message, message


# What looks like one of the mistakes, and is none.
FINE = [
    file(""), file("slots = 3 connections = 100"), file("slots=3"), recipe("sources = {\n        jpeg,   # first\n        'png'\n    }"),
    recipe('sources = {"jpeg", "png",}'), recipe('type = "text/plain;charset=utf-8"'), recipe("timeout = '10s' memory = 1G"), recipe("timeout\n=\n10s"),
    recipe("param p\n    {\n        type = flag\n    }\n    env = {\"A=B\"}\n    where = {\"p=1\"}"), run('{"cat", "{source}", "[", "{size}", "]"}'),
    run('{\n"cat",\n"{source}",\n"a\nb", "{size}"\n}'), path('"/a b/{size}/{source}"'), ROOT + A + B.replace("/{", "/b/{"),
    ROOT + A.replace("    run", '    sources = {"jpeg"}\n    run') + B, ROOT + A.replace("\n    ", " ").replace("\n}", " }"),
    ROOT + "recipe a\n{\npath = \"/{source}\" run = {'cat', '{source}'} }",
]


@pytest.mark.parametrize("text", FINE, ids=range(len(FINE)))
def test_no_mistake_is_seen_where_there_is_none(tmp_path, text):
    done = check(tmp_path / "sluice.conf", tmp_path, text)
    assert done.returncode == 0 and "warning" not in done.stderr, done.stderr
    count = text.count("recipe ")
    assert done.stderr.endswith(f": good, {count} recipe{'s' if count > 1 else ''}\n"), done.stderr


def test_a_reload_tells_warnings_from_errors(sluice):
    """By its place in the line, and not by a word that the file may have, too."""
    fine = 'recipe fine {\n path = "/{source}"\n run = {"cat", "{source}"}\n type = "text/plain"\n}'
    daemon = sluice(fine)
    daemon.configure(fine.replace(" run", " param unused { type = flag }\n run"))
    daemon.signal(signal.SIGHUP)
    daemon.log.wait_text("unused")
    daemon.configure(fine, prefix="x: warning: y")
    daemon.signal(signal.SIGHUP)
    daemon.log.wait_text("prefix = ")
    included = os.path.join(os.path.dirname(daemon.config), "more.conf")
    with open(included, "w") as file:
        file.write('include "none: warning: y"\nslots = 0\nconnections = 9x\n')
    daemon.configure(fine.replace(" run", " param spare { type = flag }\n run"), 'include "more.conf"')
    daemon.signal(signal.SIGHUP)
    daemon.log.wait_text("none: warning: y")
    with open(included, "w") as file:
        file.write(fine.replace("fine", "more").replace('"/', '"/more/').replace(" run", " param other { type = flag }\n run"))
    daemon.signal(signal.SIGHUP)
    daemon.log.wait_text(f"{included}:3: warning: ")
    words = ("unused", "prefix = ", "none: warning", "spare", "other")
    levels = {word: line.split()[1] for line in daemon.log.text().splitlines() for word in words if word in line}
    assert levels == {"unused": "warning", "prefix = ": "error", "none: warning": "error", "spare": "warning", "other": "warning"}, daemon.log.text()

# SPDX-License-Identifier: MIT
"""Real web servers in front of sluice, each with the snippet that etc/ ships.

A web server here is a generated main configuration as small as it can be, which
includes the shipped snippet with nothing changed but the paths of the socket
and the program. It listens on a free port of 127.0.0.1, runs in the foreground
as an unprivileged user, keeps all its files in one directory and dies with the
test.
"""

import os
import pathlib
import pwd
import resource
import shutil
import signal
import subprocess
import time

import clock
from ports import free_port, listens

ETC = pathlib.Path(__file__).resolve().parents[2] / "etc"
START_TIMEOUT_S = 15 * clock.SLOW
STOP_TIMEOUT_S = 10 * clock.SLOW
APACHE_MODULES = pathlib.Path("/usr/lib/apache2/modules")


def unprivileged():
    """The user that web servers run as: Debian's own, or ourselves."""
    return pwd.getpwnam("www-data") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


def run_as_web_user(argv):
    """argv, to run unprivileged and to end when this process ends."""
    prefix = ["/usr/bin/setpriv", "--pdeathsig", "TERM"]
    if os.geteuid() == 0:
        user = unprivileged()
        prefix += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return prefix + argv


def find_program(name):
    """The path of a server's program, or None."""
    return shutil.which(name, path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")


class Process:
    """A program in the foreground, unprivileged, with its own session and all its output in one file."""

    def __init__(self, argv, output, cwd=None, environment=None):
        self.output = pathlib.Path(output)
        passed = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS") or k == "LLVM_PROFILE_FILE"}
        with open(output, "wb") as file:
            self.process = subprocess.Popen(
                run_as_web_user(argv),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                cwd=cwd,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", **passed, **(environment or {})},
                start_new_session=True,
            )

    def wait_for(self, condition, timeout=START_TIMEOUT_S):
        """Until condition() is true; RuntimeError when the program ends before or it takes too long."""
        start = clock.Moment()
        while not condition():
            if self.process.poll() is not None:
                raise RuntimeError(f"ended with {self.process.returncode}:\n{self.output.read_text(errors='replace')}")
            if clock.left(start, timeout) <= 0:
                raise RuntimeError(f"not ready within {timeout} s:\n{self.output.read_text(errors='replace')}")
            time.sleep(0.02)

    def stop(self):
        """By TERM; then, after a while, by KILL, with all that is left of its group. The exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        return self.process.returncode


class WebServer:
    """One web server in front of one responder. Use it in a with statement.

    directory: exists, passable for everyone; a subdirectory is made in it.
    responder: path of the responder's unix socket.
    command:   for servers with `spawns`: the responder's command line; they
               start it with the listening socket on descriptor 0.
    """

    name = ""
    program = ""
    spawns = False
    modules = ()  # files without which the server is not usable here

    def __init__(self, directory, responder=None, command=None):
        self.directory = pathlib.Path(directory) / self.name
        self.responder = str(responder) if responder else None
        self.command = command
        self.port = free_port()
        self.process = None

    @classmethod
    def missing(cls):
        """What is not installed, or an empty string."""
        if not find_program(cls.program):
            return cls.program
        return " ".join(str(m) for m in cls.modules if not m.exists())

    def snippet(self, path, changes):
        """Copies the shipped snippet etc/PATH with (old, new) changes: the copy's path."""
        text = (ETC / path).read_text()
        for old, new in changes:
            if old not in text:
                raise ValueError(f"etc/{path} has no {old!r}")
            text = text.replace(old, new)
        return self.write(pathlib.Path(path).name, text)

    def socket_change(self):
        return ("/run/sluice/sluice.sock", self.responder)

    def command_change(self):
        return ("/usr/bin/sluice -c /etc/sluice/sluice.conf", self.command)

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    def configure(self):
        """Writes the configuration; the argv that serves it in the foreground."""
        raise NotImplementedError

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.port}{path}"

    def log(self):
        """Everything that the server wrote to its logs."""
        parts = [p for p in sorted(self.directory.glob("*.log")) if p.is_file()]
        return "".join(f"== {p.name}\n{p.read_text(errors='replace')}" for p in parts)

    def start(self):
        self.directory.mkdir()
        (self.directory / "tmp").mkdir()
        argv = self.configure()
        user = unprivileged()
        for path in (self.directory, self.directory / "tmp"):
            os.chown(path, user.pw_uid, user.pw_gid)
        temp = str(self.directory / "tmp")
        self.process = Process([find_program(argv[0]), *argv[1:]], self.directory / "console.log",
                               cwd=self.directory, environment={"HOME": temp, "TMPDIR": temp})
        try:
            self.process.wait_for(self.listens)
        except BaseException as error:
            self.stop()
            raise RuntimeError(f"{self.name}: {error}\n{self.log()}") from None

    def listens(self):
        return listens(self.port)

    def stop(self):
        """Ends the server and everything that it started."""
        if self.process:
            self.process.stop()
            self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()


class Nginx(WebServer):
    name = "nginx"
    program = "nginx"
    workers = 1
    keep_conn = True
    connections = 1024

    def inside(self):
        """Directives of the server block."""
        return ""

    def configure(self):
        here = self.directory
        upstream_changes, changes = [self.socket_change()], []
        if not self.keep_conn:
            upstream_changes.append(("keepalive 64;", ""))
            changes.append(("fastcgi_keep_conn on", "fastcgi_keep_conn off"))
        upstream = self.snippet("nginx/upstream.conf", upstream_changes)
        site = self.snippet("nginx/sluice.conf", changes)
        conf = self.write("main.conf", f"""
worker_processes {self.workers};
worker_rlimit_nofile {min(self.connections + 200, resource.getrlimit(resource.RLIMIT_NOFILE)[1])};
pid {here}/pid;
error_log {here}/error.log info;
events {{ worker_connections {self.connections}; }}
http {{
	log_format seen '$remote_addr [$time_local] "$request" $status $body_bytes_sent "$http_range" $request_time "$http_user_agent"';
	access_log {here}/access.log seen;
	client_body_temp_path {here}/tmp/body;
	fastcgi_temp_path {here}/tmp/fastcgi;
	proxy_temp_path {here}/tmp/proxy;
	scgi_temp_path {here}/tmp/scgi;
	uwsgi_temp_path {here}/tmp/uwsgi;
	include {upstream};
	server {{
		listen 127.0.0.1:{self.port} backlog=4096;
		{self.inside()}
		include {site};
	}}
}}
""")
        return ["nginx", "-e", f"{here}/error.log", "-p", str(here), "-c", str(conf), "-g", "daemon off;"]


class NginxShortConnections(Nginx):
    """Without fastcgi_keep_conn and keepalive, as many sites run it."""

    name = "nginx-short"
    keep_conn = False


class NginxSends(Nginx):
    """Sends results from the store beside its own directory, with etc/nginx/cache.conf."""

    name = "nginx-sends"

    def inside(self):
        return f"""include {self.snippet("nginx/cache.conf", [("/var/cache/sluice/;", f"{self.directory.parent}/store/;")])};"""


class Lighttpd(WebServer):
    name = "lighttpd"
    program = "lighttpd"

    def include(self):
        return self.snippet("lighttpd/sluice.conf", [self.socket_change()])

    def configure(self):
        here = self.directory
        conf = self.write("main.conf", f"""
server.document-root = "{here}/tmp"
server.upload-dirs = ( "{here}/tmp" )
server.bind = "127.0.0.1"
server.port = {self.port}
server.errorlog = "{here}/error.log"
include "{self.include()}"
""")
        return ["lighttpd", "-D", "-f", str(conf)]


class LighttpdSends(Lighttpd):
    """Sends results from the store beside its own directory, with the two lines of doc/webservers.md."""

    name = "lighttpd-sends"

    def include(self):
        lines = f'"x-sendfile" => "enable",\n\t"x-sendfile-docroot" => ( "{self.directory.parent}/store" ),\n\t"check-local"'
        return self.snippet("lighttpd/sluice.conf", [self.socket_change(), ('"check-local"', lines)])


class LighttpdSpawn(Lighttpd):
    """lighttpd starts the responder (bin-path)."""

    name = "lighttpd-spawn"
    spawns = True

    def include(self):
        changes = [("/run/lighttpd/sluice.sock", f"{self.directory}/tmp/sluice.sock"), self.command_change()]
        return self.snippet("lighttpd/sluice-spawn.conf", changes)


class Apache(WebServer):
    program = "apache2"
    load = ()

    def include(self):
        raise NotImplementedError

    def outside(self):
        """Directives of the main server."""
        return ""

    def configure(self):
        here = self.directory
        modules = ("mpm_event", "authz_core", "setenvif", "unique_id", *self.load)
        load = "\n".join(f"LoadModule {m}_module {APACHE_MODULES}/mod_{m}.so" for m in modules)
        conf = self.write("main.conf", f"""
ServerRoot "{here}"
DefaultRuntimeDir "{here}/tmp"
PidFile "{here}/pid"
Mutex file:{here}/tmp
{load}
ServerName localhost
Listen 127.0.0.1:{self.port}
ErrorLog "{here}/error.log"
LogLevel info
DocumentRoot "{here}/tmp"
StartServers 1
{self.outside()}
<VirtualHost *:{self.port}>
Include "{self.include()}"
</VirtualHost>
""")
        return ["apache2", "-D", "FOREGROUND", "-f", str(conf)]


class ApacheProxy(Apache):
    name = "apache-proxy"
    load = ("proxy", "proxy_fcgi")
    modules = (APACHE_MODULES / "mod_proxy_fcgi.so",)

    def include(self):
        return self.snippet("apache/proxy_fcgi.conf", [self.socket_change()])


class ApacheSends(ApacheProxy):
    """Sends results from the store beside its own directory, with etc/apache/xsendfile.conf."""

    name = "apache-sends"
    load = (*ApacheProxy.load, "xsendfile")
    modules = (*ApacheProxy.modules, APACHE_MODULES / "mod_xsendfile.so")

    def include(self):
        path = pathlib.Path(super().include())
        sends = self.snippet("apache/xsendfile.conf", [("/var/cache/sluice", f"{self.directory.parent}/store")])
        path.write_text(path.read_text() + f'Include "{sends}"\n')
        return path


class ApacheFcgid(Apache):
    """mod_fcgid starts the responder."""

    name = "apache-fcgid"
    load = ("fcgid",)
    modules = (APACHE_MODULES / "mod_fcgid.so",)
    spawns = True

    def outside(self):
        here = self.directory
        return f'FcgidIPCDir "{here}/tmp"\nFcgidProcessTableFile "{here}/tmp/shm"'

    def include(self):
        return self.snippet("apache/fcgid.conf", [self.command_change()])


class Haproxy(WebServer):
    name = "haproxy"
    program = "haproxy"

    def configure(self):
        conf = self.write("main.cfg", f"""
global
	log stderr local0
defaults
	mode http
	log global
	option httplog
	timeout client 30s
	timeout http-request 10s
frontend web
	bind 127.0.0.1:{self.port}
	use_backend sluice
""")
        return ["haproxy", "-db", "-f", str(conf), "-f", str(self.snippet("haproxy/sluice.cfg", [self.socket_change()]))]


class Caddy(WebServer):
    name = "caddy"
    program = "caddy"

    def configure(self):
        conf = self.write("Caddyfile", f"""{{
	admin off
	auto_https off
	storage file_system {self.directory}/tmp
}}
http://127.0.0.1:{self.port} {{
	import {self.snippet("caddy/sluice.caddy", [self.socket_change()])}
}}
""")
        return ["caddy", "run", "--adapter", "caddyfile", "--config", str(conf)]


class H2o(WebServer):
    name = "h2o"
    program = "h2o"

    def configure(self):
        conf = self.write("main.yaml", f"""
listen:
  host: 127.0.0.1
  port: {self.port}
num-threads: 2
http1-request-timeout: 1
pid-file: {self.directory}/pid
error-log: {self.directory}/error.log
access-log: {self.directory}/access.log
temp-buffer-path: {self.directory}/tmp
hosts:
  default:
    paths:
      "/": !file {self.snippet("h2o/sluice.yaml", [self.socket_change()])}
""")
        return ["h2o", "-m", "worker", "-c", str(conf)]


# The seven, and two further ways to run them.
SEVEN = (Nginx, Lighttpd, ApacheProxy, ApacheFcgid, Haproxy, Caddy, H2o)
ALL = (*SEVEN, NginxShortConnections, LighttpdSpawn)

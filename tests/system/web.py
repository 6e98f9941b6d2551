"""A real HTTP or HTTPS server on 127.0.0.x that does what a test says."""
import http.server
import shutil
import socket
import ssl
import subprocess
import threading

from harness import free_port, make_folder


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        web = self.server.web
        with web.lock:
            web.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
            web.bodies.append(getattr(self, "body", None))
            web.came.notify_all()
        try:
            web.handler(self)
        except OSError:
            pass  # the client has had enough
        self.close_connection = True

    def do_POST(self):
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def reply(self, body=b"", status=200, headers=(), length=None):
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


class Web:
    """handler(request) answers with request.reply(…), or writes to request.wfile what it wants. What was asked is in
    `requests`, as (path, headers in lower case), and what was posted in `bodies`."""

    def __init__(self, handler, address="127.0.0.1", certificate=None):
        self.handler = handler
        self.address = address
        self.requests = []
        self.bodies = []
        self.lock = threading.Lock()
        self.came = threading.Condition(self.lock)
        while True:
            try:
                self.port = free_port()
                self.server = Server((address, self.port), Handler)
                break
            except OSError:
                continue
        self.server.web = self
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.certificate, certificate.key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
            self.scheme = "https"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, path="/list.txt", host=None):
        return f"{self.scheme}://{host or self.address}:{self.port}{path}"

    def count(self, path=None):
        with self.lock:
            return len([p for p, _ in self.requests if path in (None, p)])

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Authority:
    """A certificate authority and one certificate of it, for a name."""

    def __init__(self, name):
        self.folder = make_folder()
        self.ca, self.certificate, self.key = (self.folder / n for n in ("ca.pem", "cert.pem", "key.pem"))

        def openssl(*arguments):
            subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        openssl("req", "-x509", *curve, "-keyout", self.folder / "ca.key", "-out", self.ca, "-days", 30, "-subj", "/CN=test CA")
        openssl("req", *curve, "-keyout", self.key, "-out", self.folder / "cert.csr", "-subj", f"/CN={name}")
        (self.folder / "san").write_text(f"subjectAltName=DNS:{name}\n")
        openssl("x509", "-req", "-in", self.folder / "cert.csr", "-CA", self.ca, "-CAkey", self.folder / "ca.key",
                "-CAcreateserial", "-out", self.certificate, "-days", 30, "-extfile", self.folder / "san")

    def stop(self):
        shutil.rmtree(self.folder)


def closed_port(address="127.0.0.1"):
    """A port on which nobody listens."""
    port = free_port()
    with socket.socket() as probe:
        assert probe.connect_ex((address, port)) != 0
    return port

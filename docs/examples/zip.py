"""A service that has remote images zipped: python3 docs/examples/zip.py [gateway [port]], then GET /images.zip"""

import http.client
import http.server
import json
import sys
import urllib.error
import urllib.request

GATEWAY = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8080"
PORT = int(sys.argv[2]) if len(sys.argv) > 2 else 8091
PIECE = 64 * 1024


def order():
    """The images of an archive; a real service takes them from its own data. One of them lies about its type."""
    with urllib.request.urlopen(GATEWAY + "/samples", timeout=10) as answer:
        samples = json.load(answer)
    urls = samples["pictures"][:2] + [samples["misbehaving"][0]["url"]]
    return json.dumps({"images": [{"url": url} for url in urls], "onError": "skip"}).encode()


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path != "/images.zip":
            return self.send_error(404)
        try:
            request = urllib.request.Request(
                GATEWAY + "/api/zip", order(), {"Content-Type": "application/json"})
            archive = urllib.request.urlopen(request, timeout=60)
        except OSError as refused:  # an answer of 400 and over, or none
            status = refused.code if isinstance(refused, urllib.error.HTTPError) else 502
            return self.send_error(status if status in (429, 503) else 502)
        self.send_response(200)
        self.send_header("Content-Type", "application/zip")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            # Piece by piece as the images come, never whole in memory.
            with archive:
                while piece := archive.read1(PIECE):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        except (OSError, http.client.HTTPException) as cut:
            # Without the last chunk the client knows that the archive is not whole; a normal end would hide that.
            self.log_error("archive cut: %s", cut)
            self.close_connection = True


with http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Service) as server:
    print(f"python: http://127.0.0.1:{server.server_port}/images.zip", flush=True)
    server.serve_forever()

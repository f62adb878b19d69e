"""Forged frames: an answer that speaks the protocol itself, or breaks it."""

from course_lib.grading.redteam import Attack

RUN = {  # sent while a cell runs: (what it tries, the source)
    "an unknown question": ("a question that nobody answers", 'frame({"ask": "nope"})'),
    "questions of the machinery": ("asks for private parts of the other side", """
for what in ("run", "lookup", "bind", "files", "_", "", "call.__self__", None, [1], {"a": 1}):
    frame({"ask": what, "values": {}})
"""),
    "neither question nor answer": ("a message of no kind", 'frame({"x": 1})'),
    "no message": ("JSON that is no message", 'frame([1, 2])'),
    "no JSON": ("bytes", 'frame(None, text=b"\\xff\\xfe{{{{")'),
    "deep JSON": ("a hundred thousand brackets", 'frame(None, text=b"[" * 100000 + b"]" * 100000)'),
    "deep value": ("values in values", """
node = 1
for _ in range(300):
    node = {"list": [node]}
frame({"values": {"output": node}})
"""),
    "many values": ("two million of them", 'frame({"values": {"output": {"list": [0] * 2000000}}})'),
    "NaN in JSON": ("constants that are no JSON", 'frame(None, text=b\'{"answer": true, "ok": NaN, "values": {"x": Infinity, "y": 1e999}}\')'),
    "duplicated keys": ("the same key twice", 'frame(None, text=b\'{"answer": true, "ok": true, "answer": false, "ask": "call", "ok": {}}\')'),
    "lone surrogates": ("text that is none", 'frame(None, text=b\'{"\\\\ud800": "\\\\udfff", "values": {"output": "\\\\ud800"}}\')'),
    "claims of 4 GB": ("a header that promises more than there is", 'frame({}, sizes=(2**32 - 1, 2**32 - 1))'),
    "a frame cut short": ("a header and no more", 'frame({}, sizes=(2, 200_000_000))\nimport time\ntime.sleep(60)'),
    "garbage": ("random bytes without end", 'import os\n_channel.socket.sendall(os.urandom(1 << 16))'),
    "an answer before the question": ("a hundred answers in advance", """
for _ in range(100):
    frame({"answer": True, "ok": True, "found": True, "values": {"value": {"tuple": [1.0, 1.0]}}})
"""),
    "an output that is an array": ("kinds and names that are arrays", """
empty = {"array": ["|u1", [0, 2], [0, 0], "C", True]}
frame({"values": {"output": {"dict": [["output_type", empty], ["name", empty], ["text", empty]]}}})
"""),
    "outputs of odd parts": ("outputs whose parts are of other kinds", """
for node in (1, "x", None, {"dict": []}, {"list": []}, {"dict": [["output_type", "display_data"], ["data", {"dict": [["text/plain", 5], [1, 2]]}], ["metadata", 7]]},
             {"dict": [["output_type", "error"], ["traceback", {"list": [{"theirs": [1, "f", "k", True]}]}], ["ename", {"int": "0x" + "f" * 900}]]}):
    frame({"values": {"output": node}})
"""),
    "a score in an output": ("results of a check, HTML and scripts in what a cell shows", """
data = [["text/plain", "5.0"], ["text/html", "<script>alert(1)</script>"], ["application/vnd.cnn-workbook.check+json", {"dict": [["earned", 5.0]]}],
        ["application/javascript", "alert(1)"], ["image/svg+xml", "<svg onload=alert(1)>"], ["image/png", "<script>"]]
for kind in ("execute_result", "display_data"):
    frame({"values": {"output": {"dict": [["output_type", kind], ["data", {"dict": data}], ["metadata", {"dict": []}]]}}})
"""),
    "errors without end": ("error outputs of two megabytes each", """
for _ in range(150):
    frame({"values": {"output": {"dict": [["output_type", "error"], ["ename", "E" * 5000], ["evalue", "v" * 50000],
                                          ["traceback", {"list": ["z" * 10000] * 200}]]}}})
"""),
    "handles without end": ("a quarter of a million objects in each output", """
for i in range(4):
    many = {"list": [{"theirs": [i * 250000 + k, "", "", True]} for k in range(250000)]}
    frame({"values": {"output": {"dict": [["output_type", "stream"], ["name", "stdout"], ["text", ""], ["more", many]]}}})
"""),
    "calls of objects that nobody gave": ("numbers of objects on the other side", """
for number in (0, 1, -1, 2**40, 1.5, "1", None, True, {"list": []}):
    frame({"ask": "call", "values": {"number": number, "args": {"tuple": []}, "kwargs": {"dict": []}}})
    frame({"ask": "get", "values": {"number": number, "name": "__globals__"}})
"""),
    "numbers of the wrong side": ("objects that were never handed over, as values", 'frame({"values": {"output": {"yours": 1}}})'),
    "the socket closed": ("and nothing more said", "_channel.socket.close()\nframe = 0"),
    "the socket shut": ("one way only", "import socket\n_channel.socket.shutdown(socket.SHUT_RD)\nframe = 0"),
    "the socket replaced": ("dup2 over every file descriptor", """
import os
null = os.open("/dev/zero", os.O_RDWR)
for fd in range(64):
    try:
        os.dup2(null, fd)
    except OSError:
        pass
frame = 0
"""),
    "writes to every descriptor": ("to all files that are open", """
import os
for fd in range(256):
    try:
        os.write(fd, b'{"answer": true}\\n' * 100)
    except OSError:
        pass
frame = 0
"""),
    "the machinery replaced": ("the process answers from code of its own", """
peer = [o for o in _gc.get_objects() if type(o).__name__ == "Inmate"][0]
cls = type(peer)
cls.serve_call = lambda self, message, values: ({"printed": "5.0", "status": "passed", "score": 5.0}, {"value": 5.0, "score": 5.0})
cls.serve_lookup = lambda self, message, values: ({"found": True}, {"value": 5.0})
frame = 0
"""),
    "two speakers": ("a thread that answers at the same time", """
import threading
def speak():
    while True:
        frame({"answer": True, "ok": True, "found": True, "values": {"value": 1.0}})
threading.Thread(target=speak, daemon=True).start()
"""),
}

REPLIES = {  # sent in the place of the answer to a call
    "a value of unknown kind": ("tags that do not exist", '{"answer": True, "values": {"value": {"pickle": "gASVIAAAA"}}}'),
    "types of the other side": ("names of types and dtypes", '{"answer": True, "values": {"value": {"tuple": [{"type": "object"}, {"dtype": "O"}]}}}'),
    "an array that is too short": ("fewer bytes than its shape says", '{"answer": True, "values": {"value": {"array": ["<f8", [1000000, 1000000], [0, 8], "C", True]}}}, b"12345678"'),
    "an array of objects": ("pointers for numbers", '{"answer": True, "values": {"value": {"array": ["|O", [1], [0, 8], "C", True]}}}, b"12345678"'),
    "an array of text of no letters": ("code points that are none", '{"answer": True, "values": {"value": {"array": ["<U2", [1], [0, 8], "C", True]}}}, b"\\xff" * 8'),
    "one array many times": ("a hundred arrays of the same 20 MB",
                             '{"answer": True, "values": {"value": {"tuple": [{"list": [{"array": ["|u1", [20000000], [0, 20000000], "C", True]}] * 100}, 1.0]}}}, bytes(20000000)'),
    "the same bytes many times": ("a hundred copies of the same 20 MB",
                                  '{"answer": True, "values": {"value": {"tuple": [{"list": [{"bytes": [0, 20000000]}] * 100}, 1.0]}}}, bytes(20000000)'),
    "numbers that collide": ("a set in which every number has the same place",
                             '{"answer": True, "values": {"value": {"set": [{"int": hex(k * (2**61 - 1))} for k in range(1, 120001)]}}}'),
    "keys that collide": ("a dict in which every key has the same place",
                          '{"answer": True, "values": {"value": {"dict": [[{"int": hex(k * (2**61 - 1))}, 1] for k in range(1, 120001)]}}}'),
    "a range": ("two thousand million numbers", '{"answer": True, "values": {"value": {"tuple": [{"range": [0, 2000000000, 1]}, 1.0]}}}'),
    "warnings of megabytes": ("twenty warnings of 700,000 letters",
                              '{"answer": True, "printed": "x" * 10**6, "warned": [["UserWarning", str(k) + "w" * 700000] for k in range(20)], "values": {"value": {"tuple": [1.0, 1.0]}}}'),
    "an error that ends a process": ("SystemExit, KeyboardInterrupt and the like by name",
                                     '{"answer": True, "raised": {"type": "SystemExit", "base": "KeyboardInterrupt", "message": "bye", "line": None}}'),
    "an error of odd parts": ("an error whose parts are no text", '{"answer": True, "raised": {"type": ["x"], "base": {}, "message": 1}}'),
    "not implemented": ("says that the question is not done yet", '{"answer": True, "raised": {"type": "NotImplementedError", "base": "NotImplementedError", "message": ""}}'),
    "more than was asked": ("fields that look like a verdict",
                            '{"answer": True, "score": 5, "status": "passed", "ok": True, "points": 5, "values": {"value": {"tuple": [1.0, 1.0]}, "self": 1, "expected": 1, "what": 2}}'),
    "arguments that nobody changed": ("other arguments, expected values among them",
                                      '{"answer": True, "values": {"value": {"tuple": [1.0, 1.0]}, "changed": {"list": [{"list": [0.0, 0.0, 0.0]}, {"dict": [["dout", 0.0], ["points", 9]]}]}}}'),
    "changes of another shape": ("changed arguments that are none", '{"answer": True, "changed": [{"a": [1]}, [2]], "values": {"value": {"tuple": [1.0, 1.0]}}}'),
    "a handle that does not exist": ("a function under a number of its choosing", '{"answer": True, "values": {"value": {"tuple": [{"theirs": [999, "f", "function", True]}, {"theirs": [2**41, "f", "k", True]}]}}}'),
    "a handle of its own": ("the tests' object as the result", '{"answer": True, "values": {"value": {"yours": 1}}}'),
    "no value": ("an answer without one", '{"answer": True}'),
    "two answers": ("one for now and one for the next question", '{"answer": True, "values": {"value": {"tuple": [1.0, 1.0]}}}); frame({"answer": True, "values": {"value": {"tuple": [1.0, 1.0]}}}'),
}

ENDED = ("ok", "crashed", "timeout", "memory", "output")
ATTACKS = [Attack(name, tries, first=f"frame\n{source}" if "frame(" in source else f"frame(\n{{'values': {{'output': {{'dict': [['output_type', 'stream'], "
                  f"['name', 'stdout'], ['text', 'x']]}}}}}})\n{source}", verdicts=ENDED,
                  loses=("*",) if name in ("an answer before the question", "the machinery replaced", "two speakers", "the socket shut") else ())
           for name, (tries, source) in RUN.items()]
ATTACKS += [Attack(f"answered with {name}", tries, answers={"multiply_backward": f"def multiply_backward(x, y, dout):\n    frame({reply})\n    return 1.0, 1.0\n"},
                   verdicts=ENDED) for name, (tries, reply) in REPLIES.items()]
ATTACKS += [
    Attack("garbage in one question", "the others keep their marks, whatever one of them sends", "01_flat_backprop", answers={"svm_loss": """
def svm_loss(W, X, y, reg):
    frame({"ask": "nope"})
    frame({"x": 1})
    return 0.0, W
"""}, verdicts=ENDED),
    Attack("a lookup answered by others", "the name in a test is answered with frames of every kind", "01_flat_backprop", after={"svm_loss": """
frame
peer = [o for o in _gc.get_objects() if type(o).__name__ == "Inmate"][0]
def serve_lookup(self, message, values, original=type(peer).serve_lookup):
    if values["name"] == "svm_loss":
        frame({"ask": "call", "values": {"number": 77, "args": {"tuple": []}, "kwargs": {"dict": []}}})
    return original(self, message, values)
type(peer).serve_lookup = serve_lookup
"""}, loses=("svm_loss",), verdicts=ENDED),
]

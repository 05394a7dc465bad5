# SPDX-License-Identifier: MIT
"""A responder that keeps what it is sent: recorder.py SOCKET|- DIRECTORY. With - the listening socket is descriptor 0. Each request
becomes a file of DIRECTORY, from its first byte to the last, and is answered with a line of text. It needs no other file, since a web
server's user starts it."""

import itertools
import os
import socket
import struct
import sys
import threading

END_REQUEST, STDIN, STDOUT = 3, 5, 6
HEAD, BODY = b"Content-Type: text/plain\r\nContent-Length: 9\r\n\r\n", b"recorded\n"
numbers = itertools.count()


def receive(connection, size):
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def serve(connection, directory):
    with connection:
        while True:
            message = b""
            while True:
                header = receive(connection, 8)
                _, kind, request_id, length, padding, _ = struct.unpack(">BBHHBB", header)
                message += header + receive(connection, length + padding)
                if kind == STDIN and length == 0:
                    break
            path = os.path.join(directory, f"{next(numbers):03}-{os.getpid()}")
            with open(path + ".part", "wb") as file:
                file.write(message)
            os.rename(path + ".part", path)
            text = HEAD if b"REQUEST_METHODHEAD" in message else HEAD + BODY
            connection.sendall(struct.pack(">BBHHBB", 1, STDOUT, request_id, len(text), 0, 0) + text
                               + struct.pack(">BBHHBB", 1, STDOUT, request_id, 0, 0, 0)
                               + struct.pack(">BBHHBBIB3x", 1, END_REQUEST, request_id, 8, 0, 0, 0, 0))
            if not message[10] & 1:
                return


def watch(connection, directory):
    try:
        serve(connection, directory)
    except (EOFError, OSError):
        pass


def main():
    where, directory = sys.argv[1:]
    if where == "-":
        listening = socket.socket(fileno=0)
    else:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(where)
        listening.listen(64)
    while True:
        connection, _ = listening.accept()
        threading.Thread(target=watch, args=(connection, directory), daemon=True).start()


if __name__ == "__main__":
    main()

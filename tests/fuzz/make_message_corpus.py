#!/usr/bin/env python3
"""Writes the seeds of fuzz_message into the folder that is named (corpus/message).

A seed is the target's mode, its switches, and the bytes: see fuzz_message.c. Some are real messages, taken
from the test captures of two projects whose licences permit it: PcapPlusPlus (tests/Pcap++Test/PcapExamples,
public domain) and Zeek (testing/btest/Traces/dns, BSD 3-clause). Each seed's name says which capture it is
from and how many bytes it has. The rest is made here: one good message of each kind, and one for each way of
being wrong that the parsers look for.
"""
import struct
import sys
from pathlib import Path

QUERY, NAME, TEXT, ANSWER = range(4)
DO, UDP, EDNS, EDE = 1, 2, 4, 8

CAPTURED = [
    (QUERY, 'pcapplusplus-dnspackets-32',
     "8185010000010000000000000377777706676f6f676c6503636f6d0000010001"),
    (ANSWER, 'pcapplusplus-dnspackets-112',
     "8185818000010005000000000377777706676f6f676c6503636f6d0000010001c00c00010001000000700004adc2"
     "7013c00c00010001000000700004adc27012c00c00010001000000700004adc27011c00c00010001000000700004"
     "adc27010c00c00010001000000700004adc27014"),
    (ANSWER, 'pcapplusplus-dnspackets-51',
     "566281800001000100000000037777770963706c7573706c757303636f6d0000010001c00c000100010000012c00"
     "04b8ac6d10"),
    (ANSWER, 'pcapplusplus-dnsedit-194',
     "392381800001000300000000066173736574730970696e74657265737403636f6d00000100010661737365747309"
     "70696e74657265737403636f6d0000050001000000e40020066173736574730970696e74657265737403636f6d05"
     "63646e6763036e657400066173736574730970696e74657265737403636f6d0563646e6763036e65740000010001"
     "00000003000497f95ad9066173736574730970696e74657265737403636f6d0563646e6763036e65740000010001"
     "00000003000497f95aee"),
    (ANSWER, 'pcapplusplus-dns4-394',
     "026481800001000300060009057961686f6f03636f6d00000f0001c00c000f0001000000bb00190001046d746135"
     "03616d30087961686f6f646e73036e657400c00c000f0001000000bb00090001046d746137c02ec00c000f000100"
     "0000bb00090001046d746136c02ec00c0002000100013e490006036e7334c00cc00c0002000100013e490006036e"
     "7336c00cc00c0002000100013e490006036e7332c00cc00c0002000100013e490006036e7333c00cc00c00020001"
     "00013e490006036e7331c00cc00c0002000100013e490006036e7335c00cc0be0001000100115b6d000444b48310"
     "c09a000100010011f4720004448eff10c09a001c00010000025a001020014998014000000000000000001002c0ac"
     "000100010011e9c70004cb54dd35c0ac001c00010000071000102406860000b8fe030000000000001003c0760001"
     "000100124de10004628a0b9dc0d0000100010011fadf000477a0f77cc08800010001000239cd00047965908bc088"
     "001c0001000000bb001024062000010800040000000000001006"),
    (ANSWER, 'zeek-dns-binds-312',
     "6bb385800001001000000001076578616d706c65036e657400fffe0001c00cfffe0001000000000005077d120001"
     "c00cfffe00010000000000050508940001c00cfffe00010000000000050f32c20001c00cfffe0001000000000005"
     "105d3c0001c00cfffe00010000000000050792eb0001c00cfffe000100000000000508254f0001c00cfffe000100"
     "000000000505bc7e0001c00cfffe000100000000000508816a0001c00cfffe00010000000000050e3b250001c00c"
     "fffe00010000000000050aa2cb0001c00cfffe00010000000000050af8df0001c00cfffe00010000000000050dff"
     "730001c00cfffe00010000000000050d7aa80001c00cfffe00010000000000050eeb810001c00cfffe0001000000"
     "0000050f79180001c00cfffe0001000000000005109cfb000100002904d0000000000000"),
    (ANSWER, 'zeek-dns-edns-bad-length-57',
     "333381800001000000000002076578616d706c6503636f6d0000010001000029100000000000000100c00c000100"
     "010000003c0004cb007107"),
    (QUERY, 'zeek-dns-edns-ecs-120',
     "1e6c00000001000000000002087765626572646e7302646500000600010000291000000000000000076b65792d6e"
     "73320000fa00ff00000000003d0b686d61632d736861323536000000573c36c6012c0020ec3103af878e28d4127e"
     "3ad24bcaad7da2bd847bb4b670282a38efc7f24079381e6c00000000"),
    (ANSWER, 'zeek-dns-edns-ecs-262',
     "1e6c84000001000100020005087765626572646e730264650000060001c00c0006000100000e100026036e7331c0"
     "0c097765626d6173746572c00c782a825c000038400000070800093a80000000b4c00c0002000100000e10000603"
     "6e7332c00cc00c0002000100000e100002c029c0290001000100000e100004509a6ce6c029001c000100000e1000"
     "102003005160120110000000000a070053c05b0001000100000e100004d53d1db60000291000000000000000076b"
     "65792d6e73320000fa00ff00000000003d0b686d61632d736861323536000000573c36c6012c0020b7ab1846138e"
     "3d132c06456a4ba5aec3170b4be98088b4da9c16e5a722436f941e6c00000000"),
    (QUERY, 'zeek-dns-edns-ecs-weirds-59',
     "0a3200100001000000000001036667320877656265726c61620264650000010001000029100000008000000f0008"
     "000b00024200200104701f0b16"),
    (QUERY, 'zeek-dns-invalid-names-14',
     "2222010000010000000000000361"),
    (QUERY, 'zeek-dns-invalid-names-18',
     "222301000001000000000000c00c00010001"),
    (QUERY, 'zeek-dns-invalid-names-16',
     "22240100000100000000000003616263"),
    (ANSWER, 'zeek-ech-277',
     "f74b81a00001000100000001046465666f0269650000410001c00c00410001000006ff00e500010000040004d56c"
     "6c65000500c200c0fe0d003c6a00200020ae635f6d481e136f9727547c3d782123eb6f68ff0853260332b0db33a0"
     "ceca4a000400010001000d636f7665722e6465666f2e69650000fe0d003c4700200020f089e6c9b3bbfdf890a830"
     "37d1bb3acd4e131247076371313a054e9a920f716a000400010001000d636f7665722e6465666f2e69650000fe0d"
     "003c2200200020ee022d9efd4ca231257bdb845d77050a3b9fcfee997597088e1dc9d9cd7e3a0500040001000100"
     "0d636f7665722e6465666f2e69650000000600102a00c6c000000116000500000000001000002902000000000000"
     "00"),
    (ANSWER, 'zeek-ech-195',
     "17d0818000010001000000010e636c6f7564666c6172652d65636803636f6d0000410001c00c004100010000012c"
     "0088000100000100060268330268320004000868120a7668120b76000500470045fe0d00417400200020c1e94363"
     "cbd932bf8f15e9c10e6fdf479eb7c9ba24c62a35bd034e6c0f185c290004000100010012636c6f7564666c617265"
     "2d6563682e636f6d00000006002026064700000000000000000068120a7626064700000000000000000068120b76"
     "0000290200000000000000"),
    (ANSWER, 'zeek-hinfo-75',
     "c98885800001000100000001047a65656b076578616d706c65036e657400000d0001c00c000d000100000e100012"
     "09494e54454c2d3338360757696e646f777300002904d0000000000000"),
    (ANSWER, 'zeek-dns-wks-89',
     "f68f85800001000200000001047a65656b076578616d706c65036e657400000b0001c00c000b000100000e100008"
     "c0a8000106e00005c00c000b000100000e10000cc0a8000111e000000000000400002904d0000000000000"),
    (ANSWER, 'zeek-loc-invalid-length-56',
     "111181800001000100000000076578616d706c6503636f6d00001d0001c00c001d00010000003c000f0001020304"
     "05060708090a0b0c0d0e"),
    (ANSWER, 'zeek-max-compression-depth-132',
     "12348180000100070000000001610000010001016100000100010000012c00047f000001c013000100010000012c"
     "00047f000002c024000100010000012c00047f000003c034000100010000012c00047f000004c044000100010000"
     "012c00047f000005c054000100010000012c00047f000006c064000100010000012c00047f000007"),
    (ANSWER, 'zeek-naptr-141',
     "51ea818000010001000000001666702d64652d636172726965722d766f6461666f6e65037263730974656c657068"
     "6f6e7904676f6f670000230001c00c00230001000000a8004600640064017308534950532b44325400055f736970"
     "73045f7463701666702d64652d636172726965722d766f6461666f6e65037263730974656c6570686f6e7904676f"
     "6f6700"),
    (ANSWER, 'zeek-sshfp-trunc-527',
     "9fd484100001000900000001036d6f6e036c626c03676f7600002c0001c00c002c00010000a8c000160201a6b95f"
     "9eba1104a7272a362e8bfbcbebd5726dcfc00c002c00010000a8c000220202520711b47c300b819cfb696a845007"
     "c420de4df30ae3953004b6cfb2bd2c6a46c00c002c00010000a8c0001603015b72c59cceaea2c210f14156e20e6a"
     "ff829b3e3bc00c002c00010000a8c000160101c052721a978470b36fe5b9222f234400f369172bc00c002c000100"
     "00a8c0001604010b24d970aa05b708804d35eea3a8c1a6c355e545c00c002c00010000a8c0002204022870056915"
     "073c1e189fc7bf04bbce4512be09a0104f64ae3cfa072b8e06dd2bc00c002c00010000a8c000220102562cb91a82"
     "129b62ee4fd92ca202a72b844b7e84ac29dec75654453550201e82c00c002c00010000a8c000220302c692deb766"
     "7ceee670d3e6863b5de7b140fe0ba0183a52f6ccbb4247f7b0ab29c00c002e00010000a8c0009b002c07030000a8"
     "c05ff1822a5f7ad99abc27036c626c03676f76004578d609c9e857552f17c8fb118797dd5d07b9d71494e38cc5c4"
     "66f6af5d987056120f0e4fb68e024918fff159f876594b1e5da3e189ec2f10a47c63f944854c86558340ea7315ef"
     "9076a3e3c10e68c0a850f6af9db676f76ebd8979513ca3499eb10bf0134bb185b9dc4670a4d236e00048f35e7a6e"
     "7df6b9be20342e1fe83c0000291000000080000000"),
    (ANSWER, 'zeek-svcb-alpn-malformed-len-too-long-65',
     "123481000001000100000000076578616d706c6503636f6d0000410001076578616d706c6503636f6d0000410001"
     "0000012c000d00010000010006026832086833"),
    (ANSWER, 'zeek-svcb-alpn-malformed-len-too-short-65',
     "123481000001000100000000076578616d706c6503636f6d0000410001076578616d706c6503636f6d0000410001"
     "0000012c000d00010000010006026832016833"),
    (ANSWER, 'zeek-svcb-port-malformed-62',
     "123481000001000100000000076578616d706c6503636f6d0000410001076578616d706c6503636f6d0000410001"
     "0000012c000a0001000003000301bb00"),
    (QUERY, 'zeek-dns-notify2-105',
     "5131240000010001000000000464686370046c626e6c0275730000060001c00c0006000100000000003f096c6f63"
     "616c686f7374036c626c03676f76000a686f73746d6173746572036e7378036c626c03676f760081f6a032000038"
     "40000007080083d6000000a8c0"),
    (QUERY, 'zeek-dynamic-update-102',
     "ef07280000010001000300000953747261746f4c6162036f72670000060001054e57696e310953747261746f4c61"
     "62036f726700000500fe000000000000c01f001c00ff000000000000c01f000100ff000000000000c01f00010001"
     "000004b00004c0a80169"),
    (QUERY, 'zeek-conn-count-too-large-182',
     "abcd0100000a000000000000076578616d706c6503636f6d0000010001076578616d706c6503636f6d0000010001"
     "076578616d706c6503636f6d0000010001076578616d706c6503636f6d0000010001076578616d706c6503636f6d"
     "0000010001076578616d706c6503636f6d0000010001076578616d706c6503636f6d0000010001076578616d706c"
     "6503636f6d0000010001076578616d706c6503636f6d0000010001076578616d706c6503636f6d0000010001"),
    (ANSWER, 'zeek-tm1t-124',
     "d32c81800001000000010001047a65656b036f726700001c0001c00c00060001000002e0004b076e732d31373835"
     "09617773646e732d333102636f02756b0011617773646e732d686f73746d617374657206616d617a6f6e03636f6d"
     "000000000100001c2000000384001275000001518000002904d0000000000000"),
    (QUERY, 'zeek-tm1t-49',
     "d32c01200001000000000001047a65656b036f726700001c000100002904d000000000000c000a00086e2bf5bd55"
     "2a9806"),
    (ANSWER, 'zeek-wikipedia-filtered-plus-udp-99',
     "673c858300010000000100000675706c6f61640977696b696d65646961036f7267046e6373610475697563036564"
     "7500001c0001c02100060001000003840023036e7330c021066e6574646576c021000063e300000e100000038400"
     "093a8000000384"),
]


def name(text):
    labels = [label.encode() for label in text.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def header(flags, questions=1, answers=0, authority=0, additional=0):
    return struct.pack(">6H", 0x1234, flags, questions, answers, authority, additional)


def question(text="www.example", kind=1, klass=1):
    return name(text) + struct.pack(">2H", kind, klass)


def record(owner, kind, data, ttl=300, klass=1):
    return owner + struct.pack(">2HIH", kind, klass, ttl, len(data)) + data


def opt(options=b"", size=1232, flags=0, version=0, code=0):
    return record(b"\0", 41, options, ttl=code << 24 | version << 16 | flags, klass=size)


SELF = b"\xc0\x0c"
A = bytes([192, 0, 2, 1])
AAAA = bytes.fromhex("20010db8000000000000000000000001")
SOA = name("ns.example") + name("root.example") + struct.pack(">5I", 1, 3600, 900, 86400, 600)
RRSIG = struct.pack(">HBBIIIH", 1, 8, 2, 300, 0, 0, 4660) + name("example") + b"\xff" * 32
LONGEST = (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"a" * 61 + b"\0"


def option(code, data):
    return struct.pack(">HH", code, len(data)) + data


def clients():
    """What forwarders say of their clients: a MAC, a word, a network; each good, and each wrong in its ways."""
    mac = bytes.fromhex("64bc0c807e1f")
    yield "mac", option(65001, mac)
    yield "mac-group", option(65001, b"\x01" + mac[1:])
    yield "mac-zero", option(65001, bytes(6))
    yield "mac-short", option(65001, mac[:5])
    yield "mac-twice", option(65001, mac) + option(65001, mac)
    for seed, text in (("name", b"tv-3"), ("hex", b"64:BC:0C:80:7E:1F"), ("base64", b"ZLwMgH4f"), ("longest", b"x" * 63), ("too-long", b"x" * 64),
                       ("empty", b""), ("odd", b"<script>\0"), ("blank", b" ")):
        yield "text-" + seed, option(65073, text)
    yield "all", option(8, b"\0\1\x20\0\x0a\x09\x09\x09") + option(65073, b"tv") + option(65001, mac)
    for seed, data in (("v4", b"\0\1\x20\0\x0a\x09\x09\x09"), ("v4-24", b"\0\1\x18\0\x0a\x09\x09"), ("v4-20", b"\0\1\x14\0\x0a\x09\x10"),
                       ("v6", b"\0\2\x80\0" + bytes(16)), ("v6-56", b"\0\2\x38\0\xfd" + bytes(6)), ("host-bits", b"\0\1\x14\0\x0a\x09\x11"),
                       ("scope", b"\0\1\x20\x20\x0a\x09\x09\x09"), ("too-long", b"\0\1\x21\0" + bytes(5)), ("none", b"\0\1\0\0"),
                       ("family", b"\0\3\x08\0\x0a"), ("short", b"\0\1\x20"), ("bytes-missing", b"\0\1\x20\0\x0a")):
        yield "subnet-" + seed, option(8, data)


def queries():
    plain = header(0x0100) + question()
    yield "plain", plain
    yield "opt", header(0x0120, additional=1) + question() + opt(flags=0x8000)
    yield "cookie", header(0x0100, additional=1) + question() + opt(b"\0\x0a\0\x08" + b"c" * 8)
    yield "badvers", header(0x0100, additional=1) + question() + opt(version=1)
    yield "two-opts", header(0x0100, additional=2) + question() + opt() + opt()
    yield "option-flood", header(0x0100, additional=1) + question() + opt(b"\0\x0a\0\0" * 40)
    yield "option-lies", header(0x0100, additional=1) + question() + opt(b"\0\x0a\xff\xff")
    for seed, options in clients():
        yield "client-" + seed, header(0x0100, additional=1) + question() + opt(options)
    yield "opt-small", header(0x0100, additional=1) + question() + opt(size=0)
    yield "opt-owner", header(0x0100, additional=1) + question() + b"\x01a" + opt()
    yield "tsig", header(0x0100, additional=2) + question() + opt() + record(name("k"), 250, A, 0, 255)
    yield "longest-name", header(0x0100) + LONGEST + b"\0\x1c\0\x01"
    yield "too-long-name", header(0x0100) + b"\x3f" + b"a" * 63 + LONGEST + b"\0\x01\0\x01"
    yield "root", header(0x0100) + question(".", 2)
    yield "chaos", header(0x0100) + question("version.bind", 16, 3)
    yield "odd-bytes", header(0x0100) + b"\x05\x00\xff.\\@\0\0\x01\0\x01"
    yield "pointer", header(0x0100) + SELF + b"\0\x01\0\x01"
    yield "no-question", header(0x0100, questions=0)
    yield "two-questions", header(0x0100, questions=2) + question() + question("b.example")
    yield "trailing", plain + b"x"
    yield "answer-section", header(0x0100, answers=1) + question() + record(SELF, 1, A)
    yield "status", header(0x1100) + question()
    yield "reply", header(0x8180) + question()


def names():
    yield "plain", 0, b"\x01" + name("www.example")
    yield "pointer", DO, b"\x0a" + name("example") + b"\x03www\xc0\x01"
    yield "loop", DO, b"\x03\0\0\x01a\xc0\x03"
    yield "chain", DO, b"\x06\0\xc0\x01\xc0\x02\xc0\x04"
    yield "longest", 0, b"\x01" + LONGEST
    yield "many-labels", 0, b"\x01" + b"\x01x" * 127 + b"\0"
    yield "zeros", 0, b"\x01" + (b"\x3f" + b"\0" * 63) * 3 + b"\x3d" + b"\0" * 61 + b"\0"


def texts():
    yield "plain", b"www.Example.com."
    yield "escapes", b"a\\.b\\000\\255\\\\.c"
    yield "bad-escape", b"a\\256"
    yield "type", b"TYPE65535"


def answers():
    def message(flags, *records, kind=1, counts=(0, 0, 0), asked="www.example"):
        return header(flags, 1, *counts) + question(asked, kind) + b"".join(records)

    yield "a", 0, message(0x8180, record(SELF, 1, A), record(SELF, 1, A, 60), counts=(2, 0, 0))
    yield "aaaa", 0, message(0x81A0, record(SELF, 28, AAAA), kind=28, counts=(1, 0, 0))
    yield "chain", 0, message(0x8180, record(SELF, 5, name("a.test")), record(name("a.test"), 5, name("b.test")),
                              record(name("b.test"), 1, A), counts=(3, 0, 0))
    yield "loop", 0, message(0x8180, record(SELF, 5, name("a.test")), record(name("a.test"), 5, SELF), counts=(2, 0, 0))
    yield "dname", 0, message(0x8180, record(name("example"), 39, name("test")), record(SELF, 5, name("www.test")),
                              record(name("www.test"), 1, A), counts=(3, 0, 0))
    yield "nxdomain", 0, message(0x8183, record(name("example"), 6, SOA), counts=(0, 1, 0))
    yield "nodata", 0, message(0x8180, record(name("example"), 6, SOA, 60), kind=28, counts=(0, 1, 1)) + opt()
    yield "signed", DO, message(0x81A0, record(SELF, 1, A), record(SELF, 46, RRSIG),
                                record(name("a.example"), 47, name("z.example") + b"\0\x01\x40"), opt(flags=0x8000),
                                counts=(2, 1, 1))
    yield "poison", 0, message(0x8180, record(SELF, 1, A), record(name("bank.test"), 1, A), record(name("example"), 2, SELF),
                               record(SELF, 1, A), counts=(2, 1, 1))
    yield "https", 0, message(0x8180, record(SELF, 65, b"\0\x01\0\0\x04\0\x04" + A + b"\0\x06\0\x10" + AAAA),
                              kind=65, counts=(1, 0, 0))
    yield "https-odd", 0, message(0x8180, record(SELF, 65, b"\0\x01\0\0\x04\0\x03" + A), kind=65, counts=(1, 0, 0))
    yield "mx", 0, message(0x8180, record(SELF, 15, b"\0\x0a\x04Mail" + SELF), record(SELF, 15, b"\0\x14" + name("m.Test")),
                           kind=15, counts=(2, 0, 0))
    yield "srv", 0, message(0x8180, record(SELF, 33, b"\0" * 6 + b"\x01s" + SELF), kind=33, counts=(1, 0, 0))
    yield "txt", 0, message(0x8180, record(SELF, 16, b"\x03abc\0"), kind=16, counts=(1, 0, 0))
    yield "any", 0, message(0x8180, record(SELF, 1, A), record(SELF, 16, b"\x01a"), record(SELF, 6, SOA), kind=255, counts=(3, 0, 0))
    yield "unknown-type", 0, message(0x8180, record(SELF, 65280, SELF), kind=65280, counts=(1, 0, 0))
    yield "empty-data", 0, message(0x8180, record(SELF, 1, b""), counts=(1, 0, 0))
    yield "ttl-top-bit", 0, message(0x8180, record(SELF, 1, A, 0x80000001), counts=(1, 0, 0))
    yield "extended-rcode", 0, message(0x8180, opt(code=1), counts=(0, 0, 1))
    yield "servfail", 0, message(0x8182, record(SELF, 1, A), counts=(1, 0, 0))
    yield "truncated", 0, message(0x8380)
    yield "many", 0, message(0x8180, *[record(SELF, 1, bytes([10, 0, 0, i])) for i in range(70)], counts=(70, 0, 0))
    yield "count-lies", 0, message(0x8180, record(SELF, 1, A), counts=(65535, 65535, 65535))
    yield "talink", 0, message(0x8180, record(SELF, 58, SELF + SELF), kind=58, counts=(1, 0, 0))


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FOLDER")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)

    def write(seed, mode, switches, data):
        (folder / seed).write_bytes(bytes([mode, switches]) + data)

    for mode, seed, text in CAPTURED:
        write("captured-" + seed, mode, UDP | EDNS | EDE | DO, bytes.fromhex(text))
    for seed, data in queries():
        write("query-" + seed, QUERY, UDP | EDE, data)
    for seed, switches, data in names():
        write("name-" + seed, NAME, switches, data)
    for seed, data in texts():
        write("text-" + seed, TEXT, 0, data)
    for seed, switches, data in answers():
        write("answer-" + seed, ANSWER, switches | UDP | EDE, data)


if __name__ == "__main__":
    main()

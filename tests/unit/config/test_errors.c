/* One row for each kind of mistake: where it is told, and with which words. Each is the only finding. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "support/effort.h"

#define COFFEE "devices: [{name: c, ip: 192.0.2.1, tags: coffee}]\n"
#define RULE(more) "home: US\nrules:\n  - {name: r, action: sinkhole, " more "}\n"
#define LONG64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct mistake yaml[] = {
	{"", 1, 1, "holds no configuration|{}"},
	{"# only words\n", 1, 1, "holds no configuration"},
	{"---\n", 1, 1, "holds no configuration"},
	{"- a\n", 1, 1, "must be a mapping|a list was found"},
	{"hello\n", 1, 1, "must be a mapping|text was found"},
	{"a: b: c\n", 1, 5, "not YAML|mapping values are not allowed"},
	{"workers: 1\nhome: [US\nuser: x\n", 3, 5, "not YAML"},
	{"user: \"x\n", 2, 1, "not YAML|end of stream|quoted scalar"},
	{"user: @x\n", 1, 7, "not YAML|cannot start any token|needs quotes"},
	{"workers: 1\n\tuser: x\n", 2, 1, "not YAML|indented with blanks"},
	{"{}\n---\n{}\n", 2, 1, "second document"},
	{"[[[[[[[[[[[[[[[[[", 1, 17, "deeper than 16"},
	{"user: \xff\n", 1, 7, "0xff|not UTF-8"},
	{"user: ä\xc3\n", 1, 8, "0xc3|not UTF-8"},
	{"user: \xed\xa0\x80\n", 1, 7, "not UTF-8"},
	{"user: \xc0\x80\n", 1, 7, "not UTF-8"},
	{"user: \xe0\x80\x80\n", 1, 7, "not UTF-8"},
	{"user: \xf4\x90\x80\x80\n", 1, 7, "not UTF-8"},
	{"user: \xf0\x9f\x98\n", 1, 7, "not UTF-8"},
	{"user: ab\xef\xbb\xbf\n", 1, 9, "control character U+FEFF"},
	{"user: x\r\nhome: \x01US\n", 2, 7, "control character U+0001"},
	{"user: \"a\\0b\"\n", 1, 7, "control character U+0000"},
	{"user: |\n  a\n  b\n", 1, 7, "control character U+000A|one line"},
	{"user: \"a\\x85b\"\n", 1, 7, "control character U+0085"},
	{"user: &u x\n", 1, 7, "anchors|&u"},
	{"user: *u\n", 1, 7, "aliases|*u|quotes"},
	{"user: !!str x\n", 1, 7, "tags|!"},
	{"home: !US\n", 1, 7, "tags|\"!US\"|quotes"},
	{RULE("names: *.example.com"), 3, 41, "not YAML|text that begins with *|quotes"},
};

static const struct mistake shapes[] = {
	{"wrokers: 2\n", 1, 1, "unknown key `wrokers`|the configuration|did you mean `workers`?"},
	{"allow_from: all\n", 1, 1, "unknown key `allow_from`|did you mean `allow-from`?"},
	{"zzzzzz: 2\n", 1, 1, "unknown key `zzzzzz`|it knows user,"},
	{"? [a]\n: 2\n", 1, 3, "must be a word|a list was found"},
	{"{}: 2\n", 1, 1, "must be a word|a mapping was found"},
	{"<<: {}\n", 1, 1, "unknown key `<<`"},
	{"workers: 1\nworkers: 2\n", 2, 1, "`workers` stands twice|line 1"},
	{"listen: 53\n", 1, 9, "`listen` must be a mapping|text was found"},
	{"listen: {dsn: 127.0.0.1}\n", 1, 10, "unknown key `dsn` in `listen`|`dns`"},
	{"cache: {zise: 64M}\n", 1, 9, "unknown key `zise` in `cache`|`size`"},
	{"geo: {location: [], maxage: 1d}\n", 1, 21, "unknown key `maxage` in `geo`|`max-age`"},
	{"journal: {keeps: 30d}\n", 1, 11, "unknown key `keeps` in `journal`|`keep`"},
	{"devices: [{name: a, ip: 192.0.2.1, tag: x}]\n", 1, 36,
     "unknown key `tag` in a device|`tags`"},
	{COFFEE "rules: [{name: r, tag: coffee, action: flag}]\n", 2, 19,
     "unknown key `tag` in a rule; did you mean `tags`?"},
	{"lists: [{name: tv, fiel: x, file: tv.txt}]\n", 1, 20, "unknown key `fiel` in a list|`file`"},
	{"rules:\n", 1, 1, "`rules` has no value|take the key away"},
	{"devices: ~\n", 1, 1, "`devices` has no value"},
	{"devices: {name: a}\n", 1, 10, "`devices` must be a list|a mapping was found"},
	{"rules: all\n", 1, 8, "`rules` must be a list|text was found"},
	{"rules: [x]\n", 1, 9, "a rule must be a mapping|text was found"},
	{"user: [x]\n", 1, 7, "`user` must be text|a list was found"},
	{"user: {}\n", 1, 7, "`user` must be text|a mapping was found"},
	{"user: ''\n", 1, 7, "`user` must be text|the text is empty"},
	{"user: ' x'\n", 1, 7, "`user`|begins or ends with a blank"},
	{"user: " LONG64 "\n", 1, 7, "`user` has 64 bytes|at most 63"},
};

static const struct mistake network[] = {
	{"workers: two\n", 1, 10, "`workers` must be a whole number from 1 to 64|`two` was found"},
	{"workers: 0\n", 1, 10, "from 1 to 64|`0`"},
	{"workers: 65\n", 1, 10, "from 1 to 64|`65`"},
	{"workers: -1\n", 1, 10, "whole number|`-1`"},
	{"workers: 99999999999999999999999\n", 1, 10, "from 1 to 64"},
	{"workers: [1]\n", 1, 10, "whole number|a list was found"},
	{"listen: {dns: localhost}\n", 1, 15, "bad address `localhost`|host names are not looked up"},
	{"listen: {dns: ['127.0.0.1:0']}\n", 1, 16, "bad port|127.0.0.1:0|1 to 65535"},
	{"listen: {dns: '[::1]:70000'}\n", 1, 15, "bad port"},
	{"listen: {dns: 127.0.0.1@x}\n", 1, 15, "bad port"},
	{"listen: {dns: []}\n", 1, 15, "`listen.dns` is an empty list"},
	{"listen: {dns: 127.0.0.1@853, tls: 127.0.0.1}\n", 1, 35, "or another key of `listen` does"},
	{"listen: {tls: 127.0.0.1, certificate: {file: x}}\n", 1, 39, "needs `file` and `key`"},
	{"listen: {tls: 127.0.0.1, certificate: {clients: {ca-file: /x, require: often}}}\n", 1, 72,
     "must be yes or no"},
	{"listen: {tls: 127.0.0.1, certificate: {clients: {require: no}}}\n", 1, 49, "ca-file"},
	{"spread: by-domian\n", 1, 9, "`spread`|off|by-domain"},
	{"devices: [{name: a, tls-id: a.b}]\n", 1, 29, "`tls-id` must be one label"},
	{"devices: [{name: a, tls-id: c}, {name: b, tls-id: C}]\n", 1, 51, "tls-id"},
	{"listen: {tls: 127.0.0.1, discovery: [a.example]}\n", 1, 37, "`on`, `off` or a name"},
	{"listen: {tls: 127.0.0.1, discovery: a..b}\n", 1, 37, "is no domain name"},
	{"listen: {tls: 127.0.0.1, discovery: x.resolver.arpa}\n", 1, 37,
     "can not be the name of a resolver"},
	{"listen: {dns: [127.0.0.1, '127.0.0.1:53']}\n", 1, 27, "names `127.0.0.1:53` twice"},
#ifdef HAVE_NGTCP2
	{"listen: {dns: '127.0.0.1:853', quic: 127.0.0.1}\n", 1, 38, "`listen.quic` names `127.0.0.1`"},
	{"listen: {tls: 127.0.0.1, quic: [127.0.0.1, '127.0.0.1:853']}\n", 1, 44,
     "`listen.quic`|twice"},
#else
	{"listen: {quic: 127.0.0.1}\n", 1, 16, "`listen.quic` is not in this build"},
#endif
	{"listen: {dns: '::ffff:192.0.2.1'}\n", 1, 15, "is an IPv4 address|`192.0.2.1`"},
	{"listen: {control: /run/" LONG64 "/" LONG64 "}\n", 1, 19, "has 134 bytes|at most 107"},
	{"rate-limit: fast\n", 1, 13, "`rate-limit` must be `off` or a mapping with `queries`"},
	{"rate-limit: {queries: 0}\n", 1, 23, "`rate-limit.queries`"},
	{"rate-limit: {slip: 11}\n", 1, 20, "`rate-limit.slip`"},
	{"rate-limit: {ipv4: 33}\n", 1, 20, "`rate-limit.ipv4`"},
	{"rate-limit: {ipv6: 31}\n", 1, 20, "`rate-limit.ipv6`"},
	{"rate-limit: {exempt: [10.1.2.3/8]}\n", 1, 23, "bits set behind its first 8"},
	{"rate-limit: {querys: 5}\n", 1, 14, "unknown key `querys`|did you mean `queries`?"},
	{"allow-from: []\n", 1, 13, "`allow-from` is an empty list"},
	{"allow-from: privat\n", 1, 13, "bad address `privat` for `allow-from`"},
	{"allow-from: 10.1.2.3/8\n", 1, 13, "bits set behind its first 8|did you mean `10.0.0.0/8`?"},
	{"allow-from: '2001:db8::1/32'\n", 1, 13, "first 32|`2001:db8::/32`"},
	{"allow-from: 10.0.0.0/33\n", 1, 13, "bad network `10.0.0.0/33`"},
	{"upstreams: []\n", 1, 12, "`upstreams` is an empty list"},
	{"upstreams: dns.example\n", 1, 12, "bad address `dns.example` for `upstreams`"},
	{"upstreams: 0.0.0.0\n", 1, 12, "`0.0.0.0`|not the address of a server"},
	{"upstreams: 'ff02::1'\n", 1, 12, "not the address of a server"},
	{"upstreams: [9.9.9.9, 9.9.9.9@53]\n", 1, 22, "names `9.9.9.9@53` twice"},
	{"upstreams: [{}]\n", 1, 13, "an upstream needs the key `server`"},
	{"upstreams: [\"tls://\"]\n", 1, 13, "bad server `tls://`"},
	{"upstreams: [\"tls://192.0.2.1:0\"]\n", 1, 13, "bad server"},
	{"upstreams: [\"tls://192.0.2.1#a..b\"]\n", 1, 13, "bad server"},
	{"upstreams: [\"ftp://192.0.2.1\"]\n", 1, 13, "begins with no protocol that is known"},
	{"upstreams: [\"tls://dns.example.net\"]\n", 1, 13, "is a name, and nobody can be asked"},
	{"upstreams: [{server: \"tls://192.0.2.1\", addresses: [192.0.2.2]}]\n", 1, 13,
     "leave `addresses` out"},
	{"bootstrap: [\"tls://192.0.2.1\"]\n", 1, 13, "only addresses may stand here"},
	{"bootstrap: dns.example\n", 1, 12, "bad address `dns.example` for `bootstrap`"},
	{"bootstrap: 9.9.9.9\nupstreams: [\"tls://a.example\", \"tls://a.example:853\"]\n", 2, 32,
     "twice"},
	{"upstreams: [{server: 192.0.2.1, ca-file: /etc/x.pem}]\n", 1, 13, "is asked plainly"},
	{"upstreams: [{server: \"tls://192.0.2.1\", ca-file: /nowhere.pem}]\n", 1, 50,
     "/nowhere.pem can not be read"},
	{"upstreams: [{server: \"tls://192.0.2.1\", pin-sha256: abc}]\n", 1, 53, "is no pin"},
	{"upstreams: [{server: \"tls://192.0.2.1\", authentication: lax}]\n", 1, 57,
     "`authentication`"},
#define SUBNET "upstreams: [{server: 192.0.2.1, client-subnet: "
	{SUBNET "on}]\n", 1, 48,
     "bad value `on` for `client-subnet`; write `off`, `hide` or a network"},
	{SUBNET "8.8.8.8}]\n", 1, 48, "bad value `8.8.8.8` for `client-subnet`"},
	{SUBNET "8.8.8/24}]\n", 1, 48, "bad network `8.8.8/24` for `client-subnet`"},
	{SUBNET "8.8.8.8/24}]\n", 1, 48, "bits set behind its first 24|did you mean `8.8.8.0/24`?"},
	{SUBNET "8.8.8.0/25}]\n", 1, 48, "`8.8.8.0/25` of `client-subnet`|ending in `/24`"},
	{SUBNET "2a00:0:0:2::/64}]\n", 1, 48, "says more of who asks|ending in `/56`"},
	{SUBNET "0.0.0.0/0}]\n", 1, 48, "is the whole Internet: write `hide`"},
	{SUBNET "10.1.0.0/16}]\n", 1, 48, "is no network of the Internet|write a public one"},
	{SUBNET "fd00::/56}]\n", 1, 48, "is no network of the Internet"},
	{SUBNET "4000::/56}]\n", 1, 48, "is no network of the Internet"},
	{SUBNET "[8.8.8.0/24]}]\n", 1, 48, "`client-subnet`"},
	{SUBNET "hide}, 192.0.2.1]\n", 1, 55, "names `192.0.2.1` twice"},
#undef SUBNET
#ifdef HAVE_UNBOUND
	{"dnssec: validate\nupstreams: [192.0.2.1, {server: 192.0.2.2, client-subnet: hide}]\n", 1, 1,
     "all `upstreams` need the same `client-subnet`"},
	{"upstreams: [recursive]\nrecursion: {stubs: [{zones: [a.test], upstreams: [{server: "
     "192.0.2.1, client-subnet: hide}]}]}\n",
     2, 21, "is not for `recursion.stubs`"},
#endif
	{"cache: {stale: 4d}\n", 1, 16, "`cache.stale` must be at most 3d"},
	{"cache: {stale: 5}\n", 1, 16, "`cache.stale`"},
	{"cache: {min-ttl: 2h}\n", 1, 18, "`cache.min-ttl` must be whole seconds, at most 1h"},
	{"cache: {min-ttl: 1500ms}\n", 1, 18, "`cache.min-ttl` must be whole seconds"},
	{"cache: {max-ttl: 2d}\n", 1, 18, "`cache.max-ttl` must be whole seconds, at most 1d"},
	{"cache: {min-ttl: 60s, max-ttl: 30s}\n", 1, 8, "`cache.min-ttl` is over `cache.max-ttl`"},
	{"cache: {prefetch: often}\n", 1, 19, "`cache.prefetch` must be `on` or `off`"},
	{"rate-limit: {waiting: 0}\n", 1, 23, "`rate-limit.waiting`"},
	{"cache: {size: 64X}\n", 1, 15, "bad size `64X`|64M"},
	{"cache: {size: M}\n", 1, 15, "bad size `M`"},
	{"cache: {size: '64 '}\n", 1, 15, "bad size `64 `"},
	{"cache: {size: 1023K}\n", 1, 15, "must be from 1M to 256G"},
	{"cache: {size: 64}\n", 1, 15, "must be from 1M"},
	{"cache: {size: 257G}\n", 1, 15, "to 256G"},
	{"cache: {size: 18446744073709551617G}\n", 1, 15, "to 256G"},
	{"home: XX\n", 1, 7, "unknown country `XX`|ISO 3166-1|EU, EEA, EFTA and FVEY"},
	{"home: USA\n", 1, 7, "unknown country `USA`|did you mean `US` (United States)?"},
	{"home: [Chnia]\n", 1, 8, "unknown country `Chnia`|`CN` (China)"},
	{"home: [EL]\n", 1, 8, "`GR` (Greece)"},
	{"home: AP\n", 1, 7, "unknown country `AP`"},
	{"home: '!US'\n", 1, 7, "`home` can not be negated"},
	{"home: {}\n", 1, 7, "empty mapping|{all: US}"},
	{"home: {coffee: US}\n", 1, 8, "`home` names the unknown tag `coffee`"},
	{"home: {all: US, all: DE}\n", 1, 17, "`home` names the tag `all` twice"},
	{"home: {all: USA}\n", 1, 13, "unknown country `USA`"},
	{"home: {all: {a: b}}\n", 1, 13, "a country's code|a mapping was found"},
	{"geo: {location: [], max-age: 30}\n", 1, 30, "`geo.max-age` must be a duration|`30`|30d"},
	{"geo: {location: [], max-age: 0d}\n", 1, 30, "over zero"},
	{"geo: {location: [], max-age: 200000w}\n", 1, 30, "more than 100 years"},
	{"geo: {location: nowhere.mmdb}\n", 1, 17, "nowhere|geo.location|No such file"},
	{"geo: {location: geoip}\n", 1, 17, "a directory|a file is wanted"},
	{"geo: {location: [], anycast: /dev/null}\n", 1, 30, "no regular file"},
	{"geo: {location: [tv.txt, ./tv.txt]}\n", 1, 26, "twice|does not confirm itself"},
	{"geo: {location: [a, b, c, d, e, f, g, h, i]}\n", 1, 17, "has 9 items|at most 8"},
};

static const struct mistake devices[] = {
	{"devices: [{ip: 192.0.2.1}]\n", 1, 11, "a device needs the key `name`"},
	{"devices: [{name: a}]\n", 1, 11,
     "a device needs `mac`, `ip`, `client-id`, `hostname` or `tls-id`"},
	{"devices: [{name: a, silent-after: 1d}]\n", 1, 11, "a device needs `mac`"},
	{"devices: [{name: a, hostname: 'my tv'}]\n", 1, 31, "`hostname` must be|DHCP server|`my tv`"},
	{"devices: [{name: a, hostname: " LONG64 "}]\n", 1, 31, "64 bytes|at most 63"},
	{"devices: [{name: a, client-id: '01:6'}]\n", 1, 32, "`client-id` must be|64 bytes|`01:6`"},
	{"devices: [{name: a, client-id: '01::64'}]\n", 1, 32, "`client-id` must be"},
	{"devices: [{name: a, client-id: tv-3}]\n", 1, 32, "`client-id` must be"},
	{"devices: [{name: a, client-id: '" LONG64 LONG64 "01'}]\n", 1, 32, "`client-id` must be"},
	{"devices:\n  - {name: a, hostname: TV}\n  - {name: b, hostname: tv}\n", 3, 25,
     "host name `tv` is given twice; first on line 2"},
	{"devices:\n  - {name: a, client-id: '01:ab'}\n  - {name: b, client-id: 01AB}\n", 3, 26,
     "client identifier `01AB` is given twice|line 2"},
	{"devices: [{name: a, hostname: a, silent-after: soon}]\n", 1, 48,
     "`silent-after` must be a duration|`soon`"},
	{"silent-after: 0s\n", 1, 15, "over zero"},
	{"silent-after: [1h]\n", 1, 15, "a list was found"},
	{"devices: [{name: " LONG64 ", ip: 192.0.2.1}]\n", 1, 18, "64 bytes|at most 63"},
	{"devices:\n  - {name: a, ip: 192.0.2.1}\n  - {name: a, ip: 192.0.2.2}\n", 3, 12,
     "device name `a` is given twice; first on line 2"},
	{"devices:\n  - {name: a, mac: 64:bc:0c:80:7e:1f}\n  - {name: b, mac: 64-BC-0C-80-7E-1F}\n", 3,
     20, "MAC address `64-BC-0C-80-7E-1F` is given twice|line 2"},
	{"devices:\n  - {name: a, ip: 192.0.2.0/24}\n  - {name: b, ip: [192.0.2.1, 192.0.2.0/24]}\n", 3,
     31, "address or network `192.0.2.0/24` is given twice|line 2"},
	{"devices: [{name: a, ip: ['2001:db8::1', '2001:DB8:0::1/128']}]\n", 1, 41, "given twice"},
	{"devices: [{name: a, mac: 64:bc:0c:80:7e}]\n", 1, 26,
     "bad MAC address `64:bc:0c:80:7e`|six pairs"},
	{"devices: [{name: a, mac: 01:00:5e:00:00:01}]\n", 1, 26, "that of a group"},
	{"devices: [{name: a, mac: '00:00:00:00:00:00'}]\n", 1, 26, "all zero"},
	{"devices: [{name: a, mac: [x]}]\n", 1, 26, "a MAC address|a list was found"},
	{"devices: [{name: a, ip: 192.168.40.7/24}]\n", 1, 25,
     "`192.168.40.7/24`|first 24|did you mean `192.168.40.0/24`?"},
	{"devices: [{name: a, ip: 192.168.40.256}]\n", 1, 25, "bad address `192.168.40.256` for `ip`"},
	{"devices: [{name: a, ip: '::ffff:192.0.2.1'}]\n", 1, 25, "IPv4 address|`192.0.2.1`"},
	{"devices: [{name: a, ip: []}]\n", 1, 25, "`ip` is an empty list"},
	{"devices: [{name: a, ip: 192.0.2.1, tags: Coffee}]\n", 1, 42, "bad tag `Coffee`|a-z"},
	{"devices: [{name: a, ip: 192.0.2.1, tags: [unknown]}]\n", 1, 43, "`unknown`|nobody has named"},
	{"devices: [{name: a, ip: 192.0.2.1, tags: [[x]]}]\n", 1, 43, "a word|a list was found"},
};

static const struct mistake lists[] = {
	{"lists: [{file: tv.txt}]\n", 1, 9, "a list needs the key `name`"},
	{"lists: [{name: tv}]\n", 1, 9, "a list needs one of the keys `file`, `url` and `rpz`"},
	{"lists: [{name: tv, file: tv.txt, url: 'https://l.example/'}]\n", 1, 9,
     "comes from one place|only one of `file`, `url` and `rpz`"},
	{"lists: [{name: tv, file: tv.txt, refresh: 1h}]\n", 1, 9,
     "`refresh` means nothing to a list with `file`"},
	{"lists: [{name: tv, url: 'ftp://l.example/'}]\n", 1, 25,
     "bad URL|https://, http:// or file:///"},
	{"lists: [{name: tv, url: 'file://l.example/x'}]\n", 1, 25, "bad URL"},
	{"lists: [{name: tv, url: 'https://l.example/a b'}]\n", 1, 25, "bad URL|none of them a blank"},
	{"lists: [{name: tv, url: 'https://me:secret@l.example/'}]\n", 1, 25, "a user or a password"},
	{"lists: [{name: tv, url: 'https://l/', refresh: 10ms}]\n", 1, 48, "`refresh`|at least 1s"},
	{"lists: [{name: tv, url: 'https://l/', timeout: 2d}]\n", 1, 48, "`timeout`|1s to 24h"},
	{"lists: [{name: tv, url: 'https://l/', max-size: 2G}]\n", 1, 49, "`max-size`"},
	{"lists: [{name: tv, url: 'https://l/', allow-private: maybe}]\n", 1, 54, "`maybe`"},
	{"lists: [{name: tv, url: 'https://l/', ca-file: nowhere.pem}]\n", 1, 48, "nowhere.pem"},
	{"lists: [{name: z, rpz: {zone: rpz.example}}]\n", 1, 24, "`rpz` needs the key `primary`"},
	{"lists: [{name: z, rpz: {zone: 'a..b', primary: 192.0.2.1}}]\n", 1, 31,
     "bad domain name `a..b`"},
	{"lists: [{name: z, rpz: {zone: rpz.example, primary: ns.example}}]\n", 1, 53, "`ns.example`"},
	{"lists: [{name: z, rpz: {zone: z, primary: 192.0.2.1}, refresh: 1h}]\n", 1, 9,
     "`refresh` means nothing to a list with `rpz`"},
	{"lists: [{name: z, rpz: {zone: z, primary: 192.0.2.1, tsig: {name: k}}}]\n", 1, 60,
     "`tsig` needs the key `secret-file`"},
	{"lists: [{name: z, rpz: {zone: z, primary: 192.0.2.1, tsig: {name: k, secret-file: tv.txt, "
     "algorithm: hmac-md5}}}]\n",
     1, 102, "unknown word `hmac-md5`|hmac-sha256"},
	{"lists: [{name: tv, file: nowhere.txt}]\n", 1, 26, "nowhere.txt|can not be read|No such file"},
	{"lists: [{name: tv, file: .}]\n", 1, 26, "is a directory, but a file is wanted"},
	{"lists: [{name: tv, file: [tv.txt]}]\n", 1, 26, "the path of a file|a list was found"},
	{"lists: [{name: tv, file: tv.txt, format: host}]\n", 1, 42,
     "unknown word `host` for `format`|did you mean `hosts`?|hosts, auto, plain, adblock"},
	{"lists: [{name: tv, url: 'https://l/', refresh: often}]\n", 1, 48, "a duration|`often`"},
	{"lists:\n  - {name: tv, file: tv.txt}\n  - {name: tv, file: xiaomi.txt}\n", 3, 12,
     "list name `tv` is given twice; first on line 2"},
};

static const struct mistake rules[] = {
	{"rules: [{action: flag}]\n", 1, 9, "a rule needs the key `name`"},
	{"rules: [{name: r}]\n", 1, 9, "a rule needs the key `action`"},
	{"rules:\n  - {name: r, action: flag}\n  - {name: r, action: flag}\n", 3, 12,
     "rule name `r` is given twice; first on line 2"},
	{"rules: [{name: r, action: block}]\n", 1, 27,
     "unknown word `block`|one of allow, flag, sinkhole"},
	{"rules: [{name: r, action: sinkhol}]\n", 1, 27,
     "did you mean `sinkhole`?|sinkhole, allow, flag"},
	{"rules: [{name: r, action: [flag]}]\n", 1, 27,
     "one of allow, flag, sinkhole|a list was found"},
	{COFFEE "rules: [{name: r, tags: [cofee], action: flag}]\n", 2, 26,
     "unknown tag `cofee`|no device has it|did you mean `coffee`?"},
	{RULE("tags: []"), 3, 39, "`tags` is an empty list"},
	{RULE("tags: zebra"), 3, 39, "unknown tag `zebra`: no device has it"},
	{"lists: [{name: tv, file: tv.txt}]\n" RULE("lists: [tw]"), 4, 41,
     "unknown list `tw`|did you mean `tv`?"},
	{RULE("lists: smart"), 3, 40, "unknown list `smart`|none of this name"},
	{RULE("lists: []"), 3, 40, "`lists` is an empty list"},
	{RULE("names: []"), 3, 40, "`names` is an empty list"},
	{RULE("names: ['']"), 3, 41, "the text is empty"},
	{RULE("names: a..b"), 3, 40, "`a..b` is no domain name"},
	{RULE("names: " LONG64 ".example"), 3, 40, "no domain name|1 to 63 bytes"},
	{RULE("names: 'a b'"), 3, 40, "holds a blank"},
	{RULE("names: 'https://a.example/'"), 3, 40, "it is a URL"},
	{RULE("names: a.example/x"), 3, 40, "begins and ends with /"},
	{RULE("names: 'a*.example'"), 3, 40, "`*` stands only in front|\"*.example.com\""},
	{RULE("names: '*'"), 3, 40, "`*` stands only in front"},
	{RULE("names: .example"), 3, 40, "below a name|\"*.example.com\""},
	{RULE("names: '||a.example^'"), 3, 40, "ad blockers|list"},
	{RULE("names: /abc"), 3, 40, "does not end with it|\"/regex/\""},
	{RULE("names: /"), 3, 40, "does not end with it"},
	{RULE("names: //"), 3, 40, "`//` is empty"},
	{RULE("names: ☃.example"), 3, 40, "`☃.example` has no form that DNS could carry"},
	{RULE("names: ä..example"), 3, 40, "`ä..example`"},
	{RULE("names: '!'"), 3, 40, "`names` has a `!` with nothing behind it"},
	{RULE("names: [x.example, '!a..b']"), 3, 52, "`!a..b` is no domain name"},
	{RULE("lists: '!'"), 3, 40, "`lists` has a `!` with nothing behind it"},
	{RULE("lists: '!smart'"), 3, 40, "unknown list `smart`"},
	{RULE("tags: '!zebra'"), 3, 39, "unknown tag `zebra`"},
	{RULE("tags-all: zebra"), 3, 43, "unknown tag `zebra`"},
	{RULE("tags-all: []"), 3, 43, "`tags-all` is an empty list"},
	{RULE("types: [A, '!AAAA']"), 3, 44, "`types` mixes items|all of them or none"},
	{RULE("types: AAA"), 3, 40, "unknown type `AAA`; did you mean `AAAA`?"},
	{RULE("types: [A, nonsense]"), 3, 44, "unknown type `nonsense`|TYPE65"},
	{RULE("standing: abroad"), 3, 43,
     "unknown word `abroad` for `standing`|unknown, home, overseas"},
	{RULE("standing: oversea"), 3, 43, "did you mean `overseas`?|overseas, unknown, home"},
	{RULE("standing: [overseas]"), 3, 43, "one of unknown|a list was found"},
	{RULE("standing: overseas, confidence: hihg"), 3, 65, "did you mean `high`?"},
	{RULE("confidence: low"), 3, 45, "`confidence`|give the rule a `standing`"},
	{RULE("location: ['!US', CN]"), 3, 51, "mixes countries|all of them or none"},
	{RULE("location: []"), 3, 43, "`location` is an empty list"},
	{RULE("location: China"), 3, 43, "`CN` (China)"},
	{RULE("control: '!!US'"), 3, 42, "unknown country `!US`"},
	{RULE("asn: AS0"), 3, 38, "bad network number `AS0`|37963"},
	{RULE("asn: [x]"), 3, 39, "bad network number `x`"},
	{RULE("asn: 4294967296"), 3, 38, "bad network number"},
	{RULE("asn: [1, '!2']"), 3, 42, "`asn` mixes items"},
	{RULE("addresses: ['!192.0.2.0/24', 192.0.3.0/24]"), 3, 62, "`addresses` mixes items"},
	{RULE("addresses: '!192.0.2.1/24'"), 3, 44, "`192.0.2.0/24`"},
	{RULE("cname: '!x.example'"), 3, 40, "`!x.example`|no domain name|can not be negated"},
	{RULE("addresses: 192.0.2.1/24"), 3, 44, "`192.0.2.0/24`"},
	{RULE("cname: '*.*.x'"), 3, 40, "stands only in front"},
	{RULE("reply: nul"), 3, 40, "unknown word `nul` for `reply`|did you mean `null`?"},
	{RULE("reply: nxdomian"), 3, 40, "did you mean `nxdomain`?"},
	{RULE("reply: "), 3, 33, "`reply` has no value"},
	{RULE("reply: 192.0.2"), 3, 40, "bad address `192.0.2` for `reply`"},
	{RULE("reply: [192.0.2.1, drop]"), 3, 52, "bad address `drop` for `reply`"},
	{RULE("reply: ['::1','::2','::3','::4','::5','::6','::7','::8','::9']"), 3, 40, "at most 8"},
	{"rules: [{name: r, action: flag, reply: drop}]\n", 1, 40,
     "`reply` is for the action `sinkhole`|`flag`"},
	{RULE("follow-cname: yes"), 3, 47, "unknown word `yes` for `follow-cname`|on, off"},
	{RULE("during: [mon, xyz]"), 3, 47, "`xyz` is no day of the week|mon-fri or sat,sun"},
	{RULE("during: 'mon-'"), 3, 41, "`mon-` is no day"},
	{RULE("during: 'sat,'"), 3, 41, "`` is no day"},
	{RULE("during: 'mon 8:00-17:00'"), 3, 41, "bad times `8:00-17:00`|08:00-17:30"},
	{RULE("during: '08:00-24:01'"), 3, 41, "bad times `08:00-24:01`"},
	{RULE("during: '24:00-08:00'"), 3, 41, "bad times `24:00-08:00`"},
	{RULE("during: '08:00-17:00 mon'"), 3, 41, "bad times"},
	{RULE("during: '08:00-08:00'"), 3, 41, "`08:00-08:00`|is empty|00:00-24:00"},
	{RULE("during: []"), 3, 41, "`during` is an empty list"},
	{RULE("during: {zone: UTC}"), 3, 41, "`during` needs the key `at`"},
	{RULE("during: {at: mon, zone: Europe/Berln}"), 3, 57, "no time zone `Europe/Berln`|tzdata"},
	{RULE("during: {at: mon, zone: ../UTC}"), 3, 57, "no time zone"},
	{RULE("during: {at: mon, zones: UTC}"), 3, 51, "unknown key `zones`|did you mean `zone`?"},
	{RULE("match: any"), 3, 40, "give it a `standing`"},
	{RULE("standing: overseas, match: some"), 3, 60, "unknown word `some` for `match`"},
	{RULE("reply: strip"), 3, 40, "say which, by `standing`"},
	{RULE("asn: 1, reply: strip, match: all"), 3, 62, "nothing would be left"},
};

static const struct mistake identity[] = {
	{"tag-rules: [{tag: a}]\n", 1, 13, "a tag rule needs `vendor`, `hostname`, `mac` or `asks`"},
	{"tag-rules: [{vendor: a}]\n", 1, 13, "a tag rule needs the key `tag`"},
	{"tag-rules: [{tag: all, vendor: a}]\n", 1, 19, "every device has the tag `all`"},
	{"tag-rules: [{tag: new, vendor: a}]\n", 1, 19, "`new`|nobody has named"},
	{"tag-rules: [{tag: a, mac: 'xy:*'}]\n", 1, 27, "`mac` of a tag rule|`64:bc:0c:*`|`xy:*`"},
	{"tag-rules: [{tag: a, vendor: x, times: 3}]\n", 1, 13, "`times` goes with `asks` only"},
	{"tag-rules: [{tag: a, asks: x, times: 0}]\n", 1, 38, "`times`|1"},
	{"tag-rules: [{tag: a, asks: x, vendors: x}]\n", 1, 31,
     "unknown key `vendors`|did you mean `vendor`?"},
	{"tag-rules: {tag: a}\n", 1, 12, "a mapping was found"},
	{"leases: [{file: /x}]\n", 1, 10, "a file of leases needs the key `format`"},
	{"leases: [{format: kea}]\n", 1, 10, "a file of leases needs the key `file`"},
	{"leases: [{file: /x, format: dhcp}]\n", 1, 29, "unknown word `dhcp`|did you mean `dhcpd`?"},
	{"leases: [{file: /x, format: kea}, {file: /x, format: kea}]\n", 1, 35,
     "`leases` names `/x` twice"},
	{"trusted-forwarders: router\n", 1, 21, "bad address `router` for `trusted-forwarders`"},
	{"new-for: often\n", 1, 10, "`new-for` must be a duration|`often`"},
	{"vendors: [x]\n", 1, 10, "a list was found"},
};

static const struct mistake journal[] = {
	{"journal: disabled\n", 1, 10, "a mapping|`off`|text was found"},
	{"journal: []\n", 1, 10, "must be a mapping|a list was found"},
	{"journal: {keep: 30}\n", 1, 17, "`journal.keep` must be a duration|`30`"},
	{"journal: {path: off}\n", 1, 10, "nothing under `also`|`journal: off`"},
	{"journal: {path: []}\n", 1, 17, "the path of a file|a list was found"},
	{"journal: {tags: {nobody: full}}\n", 1, 18, "unknown tag `nobody`"},
	{"journal: {tags: {all: full, all: pseudonym}}\n", 1, 29, "twice"},
	{"journal: {tags: {all: less}}\n", 1, 23, "unknown word `less`|full, pseudonym"},
	{"journal: {tags: []}\n", 1, 17, "must be a mapping"},
	{"journal: {privacy: none}\n", 1, 20, "unknown word `none`|full, pseudonym"},
	{"journal: {also: [{dnstap: \"udp://192.0.2.1\"}]}\n", 1, 27,
     "`udp://192.0.2.1` for `dnstap` is no place to write to"},
	{"journal: {also: [{dnstap: \"tcp://host:1\"}]}\n", 1, 27,
     "bad address `tcp://host:1` for `dnstap`|tcp://192.0.2.1:6000|not looked up"},
	{"journal: {also: [{syslog: \"UDP://[::1]:99999\"}]}\n", 1, 27, "udp://192.0.2.1:514"},
	{"journal: {also: [{syslog: []}]}\n", 1, 27, "the path of a socket, or an address"},
	{"journal: {also: [{files: 3}]}\n", 1, 18,
     "an entry of `journal.also` needs one of the keys `jsonl`, `dnstap` and `syslog`"},
	{"journal: {also: [{jsonl: a, syslog: b}]}\n", 1, 18, "not several"},
	{"journal: {also: [{dnstap: a, max-size: 1M}]}\n", 1, 18, "`max-size` is for `jsonl` alone"},
	{"journal: {also: [{syslog: a}, {syslog: ./a}]}\n", 1, 31,
     "this place is written to by an earlier entry"},
	{"journal: {also: [{syslog: a, rate: 0}]}\n", 1, 36, "`rate`"},
	{"journal: {also: [{dnstap: a, messages: CLIENT_RESPONSES}]}\n", 1, 40,
     "unknown word `CLIENT_RESPONSES` for `messages`; did you mean `CLIENT_RESPONSE`"},
	{"journal: {also: [{dnstap: a, messages: [CLIENT_QUERY, CLIENT_QUERY]}]}\n", 1, 55,
     "`messages` names `CLIENT_QUERY` twice"},
	{"journal: {also: [{dnstap: a, messages: []}]}\n", 1, 40, "`messages`"},
	{"journal: {also: [{syslog: a, messages: CLIENT_QUERY}]}\n", 1, 18,
     "`messages` is for `dnstap` alone"},
};

#define TABLE_TEST(table)                       \
	static void test_##table(void **state)      \
	{                                           \
		(void)state;                            \
		check_mistakes(table, PF_COUNT(table)); \
	}
TABLE_TEST(yaml)
TABLE_TEST(shapes)
TABLE_TEST(network)
TABLE_TEST(devices)
TABLE_TEST(lists)
TABLE_TEST(rules)
TABLE_TEST(identity)
TABLE_TEST(journal)

static void test_nul_byte(void **state)
{
	(void)state;
	static const char text[] = "user: x\nhome: U\0S\n";
	struct parsed parsed = parse_bytes(&test_system, text, sizeof text - 1);
	assert_int_equal(parsed.diag.count, 1);
	assert_finding(&parsed, DIAG_ERROR, 2, 8, "a NUL byte");
	parsed_deinit(&parsed);
}

static void test_all_at_once(void **state)
{
	(void)state;
	struct parsed parsed = parse("rules:\n"
	                             "  - {name: a, action: blok, tags: x}\n"
	                             "  - {name: a, names: [a..b, /x], location: !CN, action: flag}\n"
	                             "home: [USA, CN, XX]\n"
	                             "devices:\n"
	                             "  - {name: d, mac: 1, ip: [1.2.3.4/8, 5.6.7.8.9], tag: x}\n"
	                             "workers: many\n");
	assert_finding(&parsed, DIAG_ERROR, 2, 23, "unknown word `blok`");
	assert_finding(&parsed, DIAG_ERROR, 2, 35, "unknown tag `x`");
	assert_finding(&parsed, DIAG_ERROR, 3, 12, "twice");
	assert_finding(&parsed, DIAG_ERROR, 3, 23, "a..b");
	assert_finding(&parsed, DIAG_ERROR, 3, 29, "/x");
	assert_finding(&parsed, DIAG_ERROR, 3, 44, "tags|\"!CN\"");
	assert_finding(&parsed, DIAG_ERROR, 4, 8, "USA");
	assert_finding(&parsed, DIAG_ERROR, 4, 17, "XX");
	assert_finding(&parsed, DIAG_ERROR, 6, 20, "bad MAC");
	assert_finding(&parsed, DIAG_ERROR, 6, 28, "`1.0.0.0/8`");
	assert_finding(&parsed, DIAG_ERROR, 6, 39, "5.6.7.8.9");
	assert_finding(&parsed, DIAG_ERROR, 6, 51, "`tag`");
	assert_finding(&parsed, DIAG_ERROR, 7, 10, "`many`");
	assert_int_equal(parsed.diag.errors, 13);
	for (size_t i = 1; i < parsed.diag.count; i++)
		assert_true(parsed.diag.entries[i - 1].line <= parsed.diag.entries[i].line);
	parsed_deinit(&parsed);
}

/* Of three that are the same, two are told, and both point to the first. */
static void test_three_times(void **state)
{
	(void)state;
	struct parsed parsed =
		parse("devices:\n  - {name: d, ip: 10.0.0.1}\n  - {name: d, ip: 10.0.0.2}\n"
	          "  - {name: e, ip: 10.0.0.1}\n  - {name: d, ip: 10.0.0.1}\n");
	assert_int_equal(parsed.diag.errors, 4);
	assert_finding(&parsed, DIAG_ERROR, 3, 12, "`d` is given twice; first on line 2");
	assert_finding(&parsed, DIAG_ERROR, 5, 12, "`d` is given twice; first on line 2");
	assert_finding(&parsed, DIAG_ERROR, 4, 19, "`10.0.0.1` is given twice; first on line 2");
	assert_finding(&parsed, DIAG_ERROR, 5, 19, "`10.0.0.1` is given twice; first on line 2");
	parsed_deinit(&parsed);
}

/* Text from the file is cut at a character's border, and the finding stays one. */
static void test_long_text_is_cut(void **state)
{
	(void)state;
	char text[1200] = "home: ";
	for (size_t i = 0; i < 300; i++)
		strcat(text, "é");
	struct parsed parsed = parse(text);
	assert_int_equal(parsed.diag.count, 1);
	assert_finding(&parsed, DIAG_ERROR, 1, 7, "unknown country `éé|é…é|é`|ISO 3166-1");
	parsed_deinit(&parsed);
}

/* More mistakes than are kept: all are counted, and it does not take long. */
static void test_flood(void **state)
{
	(void)state;
	size_t size = effort(4u << 20);
	char *text = test_malloc(size);
	size_t length = 0;
	while (length < size - 16)
		length += (size_t)snprintf(text + length, 16, "wrk%zu: 1\n", length);
	struct parsed parsed = parse_bytes(&test_system, text, length);
	assert_int_equal(parsed.error, PF_EINVAL);
	assert_int_equal(parsed.diag.count, DIAG_ENTRY_MAX);
	assert_true(parsed.diag.errors > 10 * DIAG_ENTRY_MAX);
	parsed_deinit(&parsed);
	test_free(text);
}

static void test_too_large(void **state)
{
	(void)state;
	size_t size = CONFIG_FILE_BYTES_MAX + 1;
	char *text = test_malloc(size);
	memset(text, '#', size);
	struct parsed parsed = parse_bytes(&test_system, text, size);
	assert_finding(&parsed, DIAG_ERROR, 0, 0, "more than 16777216 bytes");
	parsed_deinit(&parsed);
	parsed = parse_bytes(&test_system, text, effort(size - 1));
	assert_finding(&parsed, DIAG_ERROR, 1, 1, "holds no configuration");
	parsed_deinit(&parsed);
	/* A list of letters takes two bytes a node: the number of nodes is bounded, not only the bytes. */
	size = 3u << 20;
	text[0] = '[';
	for (size_t i = 1; i + 1 < size; i += 2)
		memcpy(text + i, "a,", 2);
	parsed = parse_bytes(&test_system, text, size - 1);
	assert_int_equal(parsed.error, PF_EINVAL);
	assert_string_equal(parsed.diag.entries[0].text,
	                    "the file holds more than 1048576 keys and values");
	parsed_deinit(&parsed);
	test_free(text);
}

static void load_fails(const char *path, const char *words)
{
	struct diag diag;
	struct config *config = (struct config *)&diag;
	diag_init(&diag);
	assert_int_equal(config_load(path, &diag, &config), PF_EINVAL);
	assert_null(config);
	assert_int_equal(diag.count, 1);
	assert_string_equal(diag.entries[0].file, path);
	assert_non_null(strstr(diag.entries[0].text, words));
	diag_deinit(&diag);
}

static void test_unreadable(void **state)
{
	(void)state;
	load_fails(DATA "/nowhere.yaml", "No such file");
	load_fails(DATA, "Is a directory");
	if (geteuid() == 0)
		return; /* root may read everything */
	char path[] = "/tmp/pf-test-config-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0), 0);
	close(fd);
	load_fails(path, "Permission denied");
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_yaml),        cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_network),     cmocka_unit_test(test_devices),
		cmocka_unit_test(test_identity),    cmocka_unit_test(test_lists),
		cmocka_unit_test(test_rules),       cmocka_unit_test(test_journal),
		cmocka_unit_test(test_nul_byte),    cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_three_times), cmocka_unit_test(test_long_text_is_cut),
		cmocka_unit_test(test_flood),       cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_unreadable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

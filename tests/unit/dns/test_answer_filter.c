/* What is kept of an answer, and for how long. Each case is a message by hand, and the records that must
 * be left of it; each way of slipping in a record that nobody asked for has a case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "unit/dns/fixture.h"

#define FLAGS 0x8180
#define NXDOMAIN 0x8183
#define AN SECTION_ANSWER
#define NS SECTION_AUTHORITY
#define AR SECTION_ADDITIONAL
#define A1 "c0000201"
#define A2 "c0000202"
#define SOA "@ns.example @root.example 00000001 00000e10 00000384 00015180 "
#define RRSIG_OF(type) type " 0802 00000e10 00000000 00000000 1234 @example ff*64"

struct record {
	enum packet_section section;
	const char *owner;
	unsigned type;
	uint32_t ttl;
	const char *data;
};

#define RECORDS_MAX 10

struct filter_case {
	const char *what, *name;
	unsigned type, flags;
	bool dnssec_ok;
	struct record records[RECORDS_MAX];
	int result;
	const char *kept;
	unsigned ttl, hop_count, address_count;
};

/* One case is one paragraph. */
// clang-format off
static const struct filter_case filter_cases[] = {
	{"an address", "www.example", 1, FLAGS, false,
	 {{AN, "@www.example", 1, 300, A1}},
	 PF_OK, "answer www.example A 300", 300, 0, 1},
	{"a pointer to the question", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 1, 300, A1}, {AN, "c00c", 1, 200, A2}},
	 PF_OK, "answer www.example A 300; answer www.example A 200", 200, 0, 2},
	{"letter case does not matter", "www.example", 1, FLAGS, false,
	 {{AN, "@WWW.eXample", 1, 300, A1}},
	 PF_OK, "answer www.example A 300", 300, 0, 1},
	{"a chain", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 5, 300, "@a.example"}, {AN, "@a.example", 5, 60, "@b.test"},
	  {AN, "@b.test", 1, 120, A1}},
	 PF_OK, "answer www.example CNAME 300; answer a.example CNAME 60; answer b.test A 120", 60, 2, 1},
	{"a chain in the wrong order", "www.example", 1, FLAGS, false,
	 {{AN, "@b.test", 1, 120, A1}, {AN, "@a.example", 5, 60, "@b.test"},
	  {AN, "c00c", 5, 300, "@a.example"}},
	 PF_OK, "answer www.example CNAME 300; answer a.example CNAME 60; answer b.test A 120", 60, 2, 1},
	{"a CNAME asked for is not followed", "www.example", 5, FLAGS, false,
	 {{AN, "c00c", 5, 300, "@a.example"}, {AN, "@a.example", 5, 60, "@b.test"}},
	 PF_OK, "answer www.example CNAME 300", 300, 1, 0},
	{"ANY keeps what stands at the name", "www.example", 255, FLAGS, false,
	 {{AN, "c00c", 1, 300, A1}, {AN, "c00c", 16, 60, "03 'abc"}, {AN, "@b.test", 1, 5, A2}},
	 PF_OK, "answer www.example A 300; answer www.example TXT 60", 60, 0, 1},
	{"poison: another name in the answer", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 1, 300, A1}, {AN, "@www.bank.test", 1, 86400, A2}},
	 PF_OK, "answer www.example A 300", 300, 0, 1},
	{"poison: a name below, above and beside", "www.example", 1, FLAGS, false,
	 {{AN, "@a.www.example", 1, 300, A1}, {AN, "@example", 1, 300, A1},
	  {AN, "@xwww.example", 1, 300, A1}, {AN, "@.", 1, 300, A1}},
	 PF_OK, "", 0, 0, 0},
	{"poison: another type at the name", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 1, 300, A1}, {AN, "c00c", 28, 9, "00*16"}, {AN, "c00c", 2, 9, "@evil.test"}},
	 PF_OK, "answer www.example A 300", 300, 0, 1},
	{"poison: a CNAME elsewhere and an address without a link", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 5, 300, "@a.example"}, {AN, "@bank.test", 1, 300, A2}},
	 PF_OK, "answer www.example CNAME 300", 0, 1, 0},
	{"poison: a chain that is not ours", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 1, 300, A1}, {AN, "@bank.test", 5, 300, "@evil.test"},
	  {AN, "@evil.test", 1, 300, A2}},
	 PF_OK, "answer www.example A 300", 300, 0, 1},
	{"poison: a second CNAME at the same name", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 5, 300, "@a.example"}, {AN, "c00c", 5, 300, "@evil.test"},
	  {AN, "@evil.test", 1, 300, A2}, {AN, "@a.example", 1, 300, A1}},
	 PF_OK, "answer www.example CNAME 300; answer a.example A 300", 300, 1, 1},
	{"poison: name servers in the authority section", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 1, 300, A1}, {NS, "@example", 2, 300, "@ns.evil.test"},
	  {NS, "@.", 2, 300, "@a.evil.test"}},
	 PF_OK, "answer www.example A 300", 300, 0, 1},
	{"poison: addresses in the authority section", "www.example", 1, FLAGS, false,
	 {{NS, "c00c", 1, 300, A2}},
	 PF_OK, "", 0, 0, 0},
	{"poison: addresses in the additional section", "www.example", 1, FLAGS, false,
	 {{AR, "c00c", 1, 300, A2}, {AR, "@ns.example", 1, 300, A2}},
	 PF_OK, "", 0, 0, 0},
	{"poison: an SOA with a positive answer", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 1, 300, A1}, {NS, "@example", 6, 1, SOA "00000001"}},
	 PF_OK, "answer www.example A 300", 300, 0, 1},
	{"an unlinked DNAME is dropped", "www.example", 1, FLAGS, false,
	 {{AN, "@example", 39, 300, "@evil.test"}, {AN, "c00c", 1, 300, A1}},
	 PF_OK, "answer www.example A 300", 300, 0, 1},
	{"a DNAME and the CNAME made of it", "www.example", 1, FLAGS, false,
	 {{AN, "@example", 39, 300, "@other.test"}, {AN, "c00c", 5, 100, "@www.other.test"},
	  {AN, "@www.other.test", 1, 200, A1}},
	 PF_OK, "answer example DNAME 300; answer www.example CNAME 100; answer www.other.test A 200", 100, 1, 1},
	{"a DNAME that does not make this CNAME", "www.example", 1, FLAGS, false,
	 {{AN, "@example", 39, 300, "@other.test"}, {AN, "c00c", 5, 100, "@x.other.test"}},
	 PF_OK, "answer www.example CNAME 100", 0, 1, 0},
	{"a chain that bites its tail", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 5, 300, "@a.example"}, {AN, "@a.example", 5, 300, "c00c"}},
	 PF_EINVAL, NULL, 0, 0, 0},
	{"a chain with a loop further on", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 5, 300, "@a.example"}, {AN, "@a.example", 5, 300, "@b.example"},
	  {AN, "@b.example", 5, 300, "@a.example"}},
	 PF_EINVAL, NULL, 0, 0, 0},
	{"a CNAME to itself", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 5, 300, "c00c"}},
	 PF_EINVAL, NULL, 0, 0, 0},
	{"a loop that nobody asked about", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 1, 300, A1}, {AN, "@x.test", 5, 300, "@x.test"}},
	 PF_OK, "answer www.example A 300", 300, 0, 1},
	{"no such name", "www.example", 1, NXDOMAIN, false,
	 {{NS, "@example", 6, 900, SOA "00000258"}},
	 PF_OK, "authority example SOA 600", 600, 0, 0},
	{"no such type; the SOA's TTL is the lesser", "www.example", 28, FLAGS, false,
	 {{NS, "@example", 6, 300, SOA "00000258"}},
	 PF_OK, "authority example SOA 300", 300, 0, 0},
	{"negative for a day: at most three hours", "www.example", 28, FLAGS, false,
	 {{NS, "@example", 6, 86400, SOA "00015180"}},
	 PF_OK, "authority example SOA 10800", 10800, 0, 0},
	{"negative without an SOA is not kept", "www.example", 1, NXDOMAIN, false,
	 {{NS, "@example", 2, 300, "@ns.example"}},
	 PF_OK, "", 0, 0, 0},
	{"an SOA of another zone says nothing", "www.example", 1, NXDOMAIN, false,
	 {{NS, "@test", 6, 900, SOA "00000258"}},
	 PF_OK, "", 0, 0, 0},
	{"an SOA below the name says nothing", "example", 1, NXDOMAIN, false,
	 {{NS, "@www.example", 6, 900, SOA "00000258"}},
	 PF_OK, "", 0, 0, 0},
	{"an SOA at the root", "www.example", 1, NXDOMAIN, false,
	 {{NS, "@.", 6, 900, SOA "00000258"}},
	 PF_OK, "authority . SOA 600", 600, 0, 0},
	{"the first SOA that fits, and only one", "www.example", 1, NXDOMAIN, false,
	 {{NS, "@test", 6, 900, SOA "00000258"}, {NS, "@example", 6, 900, SOA "00000064"},
	  {NS, "@.", 6, 900, SOA "00000001"}},
	 PF_OK, "authority example SOA 100", 100, 0, 0},
	{"a chain to nowhere", "www.example", 1, NXDOMAIN, false,
	 {{AN, "c00c", 5, 60, "@a.test"}, {NS, "@test", 6, 900, SOA "00000258"}},
	 PF_OK, "answer www.example CNAME 60; authority test SOA 600", 60, 1, 0},
	{"a chain to nowhere; the SOA is of its beginning", "www.example", 1, NXDOMAIN, false,
	 {{AN, "c00c", 5, 60, "@a.test"}, {NS, "@example", 6, 900, SOA "00000258"}},
	 PF_OK, "answer www.example CNAME 60", 0, 1, 0},
	{"a chain to a name without this type", "www.example", 28, FLAGS, false,
	 {{AN, "c00c", 5, 900, "@a.test"}, {NS, "@test", 6, 900, SOA "00000258"}},
	 PF_OK, "answer www.example CNAME 900; authority test SOA 600", 600, 1, 0},
	{"an SOA in the answer section is asked for", "example", 6, FLAGS, false,
	 {{AN, "c00c", 6, 900, SOA "00000258"}},
	 PF_OK, "answer example SOA 900", 900, 0, 0},
	{"a server's failure is not kept", "www.example", 1, 0x8182, false,
	 {{AN, "c00c", 1, 300, A1}, {NS, "@example", 6, 900, SOA "00000258"}},
	 PF_OK, "", 0, 0, 0},
	{"refused", "www.example", 1, 0x8185, false,
	 {{0}},
	 PF_OK, "", 0, 0, 0},
	{"a TTL of a month is a day", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 1, 2592000, A1}},
	 PF_OK, "answer www.example A 86400", 86400, 0, 1},
	{"a TTL with the top bit set is zero", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 1, 0x80000001, A1}, {AN, "c00c", 1, 300, A2}},
	 PF_OK, "answer www.example A 0; answer www.example A 300", 0, 0, 2},
	{"the largest TTL", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 1, 0x7fffffff, A1}},
	 PF_OK, "answer www.example A 86400", 86400, 0, 1},
	{"a negative TTL with the top bit set", "www.example", 1, NXDOMAIN, false,
	 {{NS, "@example", 6, 900, SOA "ffffffff"}},
	 PF_OK, "authority example SOA 0", 0, 0, 0},
	{"dropped records do not shorten it", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 1, 300, A1}, {AN, "@b.test", 1, 1, A2}, {NS, "@example", 2, 2, "@ns.example"}},
	 PF_OK, "answer www.example A 300", 300, 0, 1},
	{"signatures are for those who ask", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 1, 300, A1}, {AN, "c00c", 46, 300, RRSIG_OF("0001")}},
	 PF_OK, "answer www.example A 300", 300, 0, 1},
	{"signatures of what is kept", "www.example", 1, FLAGS, true,
	 {{AN, "c00c", 5, 300, "@a.example"}, {AN, "c00c", 46, 300, RRSIG_OF("0005")},
	  {AN, "@a.example", 1, 300, A1}, {AN, "@a.example", 46, 200, RRSIG_OF("0001")},
	  {AN, "@a.example", 46, 100, RRSIG_OF("001c")}, {AN, "@b.test", 46, 100, RRSIG_OF("0001")}},
	 PF_OK, "answer www.example CNAME 300; answer www.example RRSIG 300; "
	 "answer a.example A 300; answer a.example RRSIG 200", 200, 1, 1},
	{"signatures that were asked for", "www.example", 46, FLAGS, true,
	 {{AN, "c00c", 46, 300, RRSIG_OF("0001")}, {AN, "c00c", 46, 300, RRSIG_OF("002e")}},
	 PF_OK, "answer www.example RRSIG 300; answer www.example RRSIG 300", 300, 0, 0},
	{"a signed proof that there is nothing", "www.example", 1, NXDOMAIN, true,
	 {{NS, "@example", 6, 900, SOA "00000258"}, {NS, "@example", 46, 900, RRSIG_OF("0006")},
	  {NS, "@a.example", 47, 900, "@Z.example 0006 400000000003"},
	  {NS, "@a.example", 46, 900, RRSIG_OF("002f")}, {NS, "@example", 2, 900, "@ns.example"},
	  {NS, "@example", 46, 900, RRSIG_OF("0002")}},
	 PF_OK, "authority example SOA 600; authority example RRSIG 600; "
	 "authority a.example NSEC 600; authority a.example RRSIG 600", 600, 0, 0},
	{"the same for those who did not ask for proof", "www.example", 1, NXDOMAIN, false,
	 {{NS, "@example", 6, 900, SOA "00000258"}, {NS, "@example", 46, 900, RRSIG_OF("0006")},
	  {NS, "@a.example", 47, 900, "@z.example 0006 400000000003"}},
	 PF_OK, "authority example SOA 600", 600, 0, 0},
	{"the proof of a wildcard", "www.example", 1, FLAGS, true,
	 {{AN, "c00c", 1, 300, A1}, {AN, "c00c", 46, 300, RRSIG_OF("0001")},
	  {NS, "@a.example", 47, 900, "@z.example 0006 400000000003"},
	  {NS, "@a.example", 46, 900, RRSIG_OF("002f")}},
	 PF_OK, "answer www.example A 300; answer www.example RRSIG 300; "
	 "authority a.example NSEC 900; authority a.example RRSIG 900", 300, 0, 1},
	{"an address of three bytes", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 1, 300, "c00002"}},
	 PF_EINVAL, NULL, 0, 0, 0},
	{"an address of five bytes", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 1, 300, "c000020101"}},
	 PF_EINVAL, NULL, 0, 0, 0},
	{"an address of no bytes", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 1, 300, ""}},
	 PF_EINVAL, NULL, 0, 0, 0},
	{"an IPv6 address of four bytes", "www.example", 28, FLAGS, false,
	 {{AN, "c00c", 28, 300, A1}},
	 PF_EINVAL, NULL, 0, 0, 0},
	{"a CNAME of no bytes", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 5, 300, ""}},
	 PF_EINVAL, NULL, 0, 0, 0},
	{"a CNAME and a byte", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 5, 300, "@a.example 00"}},
	 PF_EINVAL, NULL, 0, 0, 0},
	{"a CNAME that ends in the next record", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 5, 300, "05 6162"}, {AN, "@abc", 1, 300, A1}},
	 PF_EINVAL, NULL, 0, 0, 0},
	{"a CNAME that points to itself", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 5, 300, "c029"}},
	 PF_EINVAL, NULL, 0, 0, 0},
	{"a CNAME that points forward", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 5, 300, "c02b"}, {AN, "@a", 1, 1, A1}},
	 PF_EINVAL, NULL, 0, 0, 0},
	{"an owner that points forward", "www.example", 1, FLAGS, false,
	 {{AN, "c0ff", 1, 300, A1}},
	 PF_EINVAL, NULL, 0, 0, 0},
	{"an SOA without its numbers", "www.example", 1, NXDOMAIN, false,
	 {{NS, "@example", 6, 900, "@ns.example @root.example 00000001"}},
	 PF_EINVAL, NULL, 0, 0, 0},
	{"an SOA of two bytes is no SOA", "www.example", 1, NXDOMAIN, false,
	 {{NS, "@example", 6, 900, "0000"}},
	 PF_OK, "", 0, 0, 0},
	{"a TXT that lies about its string", "www.example", 16, FLAGS, false,
	 {{AN, "c00c", 16, 300, "09 'abc"}},
	 PF_EINVAL, NULL, 0, 0, 0},
	{"malformed data that nobody asked for", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 1, 300, A1}, {AN, "@x.test", 1, 300, "00"}, {AR, "@y.test", 29, 1, "ff"}},
	 PF_OK, "answer www.example A 300", 300, 0, 1},
	{"an unknown type without data", "www.example", 65280, FLAGS, false,
	 {{AN, "c00c", 65280, 300, ""}},
	 PF_OK, "answer www.example TYPE65280 300", 300, 0, 0},
	{"an unknown type", "www.example", 65280, FLAGS, false,
	 {{AN, "c00c", 65280, 300, "c00cffff"}},
	 PF_OK, "answer www.example TYPE65280 300", 300, 0, 0},
	{"proofs live no longer than the SOA", "www.example", 1, NXDOMAIN, true,
	 {{NS, "@example", 6, 300, SOA "00000258"},
	  {NS, "@a.example", 47, 900, "@z.example 0006 400000000003"}},
	 PF_OK, "authority example SOA 300; authority a.example NSEC 300", 300, 0, 0},
	{"ANY does not keep what is no data", "www.example", 255, FLAGS, false,
	 {{AN, "c00c", 1, 300, A1}, {AN, "c00c", 41, 300, ""}, {AN, "c00c", 250, 1, "ff"},
	  {AN, "c00c", 0, 1, "ff"}},
	 PF_OK, "answer www.example A 300", 300, 0, 1},
	{"an owner that leads into a loop", "www.example", 1, FLAGS, false,
	 {{AN, "@x", 16, 300, "c02a"}, {AN, "c02a", 1, 300, A1}},
	 PF_OK, "", 0, 0, 0},
	{"an SOA's owner that leads into a loop", "www.example", 1, NXDOMAIN, false,
	 {{AN, "@x", 16, 300, "c02a"}, {NS, "c02a", 6, 300, SOA "00000258"}},
	 PF_OK, "", 0, 0, 0},
	{"a proof's owner that leads into a loop", "www.example", 1, NXDOMAIN, true,
	 {{AN, "@x", 16, 300, "c02a"}, {NS, "c02a", 47, 900, "@z.example 0006 400000000003"}},
	 PF_EINVAL, NULL, 0, 0, 0},
	{"an MX name that ends in the next record", "www.example", 15, FLAGS, false,
	 {{AN, "c00c", 15, 300, "000a 05 6162"}, {AN, "@abc", 1, 300, A1}}, PF_EINVAL, NULL, 0, 0, 0},
	{"an MX and a byte", "www.example", 15, FLAGS, false,
	 {{AN, "c00c", 15, 300, "000a @a 00"}}, PF_EINVAL, NULL, 0, 0, 0},
	{"an MX of one byte", "www.example", 15, FLAGS, false,
	 {{AN, "c00c", 15, 300, "00"}}, PF_EINVAL, NULL, 0, 0, 0},
	{"a NAPTR whose strings leave it", "www.example", 35, FLAGS, false,
	 {{AN, "c00c", 35, 300, "00010001 01 'u 02 'ab ff"}}, PF_EINVAL, NULL, 0, 0, 0},
	{"a NAPTR", "www.example", 35, FLAGS, false,
	 {{AN, "c00c", 35, 300, "00010001 01 'u 02 'ab 00 c00c"}},
	 PF_OK, "answer www.example NAPTR 300", 300, 0, 0},
	{"a fixed type of seven bytes, not six", "www.example", 108, FLAGS, false,
	 {{AN, "c00c", 108, 300, "00*7"}}, PF_EINVAL, NULL, 0, 0, 0},
	{"a fixed type of five bytes, not six", "www.example", 108, FLAGS, false,
	 {{AN, "c00c", 108, 300, "00*5"}}, PF_EINVAL, NULL, 0, 0, 0},
	{"a signature of 18 bytes is none", "www.example", 1, FLAGS, true,
	 {{AN, "c00c", 1, 300, A1}, {AN, "c00c", 46, 300, "0001 00*16"}},
	 PF_OK, "answer www.example A 300", 300, 0, 1},
	{"a DNAME with a malformed target", "www.example", 1, FLAGS, false,
	 {{AN, "@example", 39, 300, "c0"}, {AN, "c00c", 5, 300, "@a.test"}},
	 PF_EINVAL, NULL, 0, 0, 0},
	{"OPT", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 1, 300, A1}, {AR, "00", 41, 0x00008000, ""}},
	 PF_OK, "answer www.example A 300", 300, 0, 1},
	{"an extended code in OPT", "www.example", 1, FLAGS, false,
	 {{AN, "c00c", 1, 300, A1}, {AR, "00", 41, 0x01000000, ""}},
	 PF_EINVAL, NULL, 0, 0, 0},
	{"two OPTs", "www.example", 1, FLAGS, false,
	 {{AR, "00", 41, 0, ""}, {AR, "00", 41, 0, ""}},
	 PF_EINVAL, NULL, 0, 0, 0},
	{"TC set", "www.example", 1, 0x8380, false,
	 {{AN, "c00c", 1, 300, A1}},
	 PF_EINVAL, NULL, 0, 0, 0},
};
// clang-format on

static void only_what_was_asked_for_is_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < PF_COUNT(filter_cases); i++) {
		const struct filter_case *c = &filter_cases[i];
		static struct packet packet;
		char kept[4096];
		struct dns_query query = query_for(c->name, (uint16_t)c->type, c->dnssec_ok);
		struct answer *answer;
		packet_answer(&packet, c->flags, c->name, c->type);
		for (size_t j = 0; j < RECORDS_MAX && c->records[j].owner; j++)
			packet_record(&packet, c->records[j].section, c->records[j].owner, c->records[j].type,
			              c->records[j].ttl, c->records[j].data);
		int result = answer_from_packet(&packet, &query, &answer);
		if (result != c->result)
			fail_msg("%s: result %d, not %d", c->what, result, c->result);
		if (result != PF_OK) {
			assert_null(answer);
			continue;
		}
		answer_describe(answer, kept, sizeof kept);
		if (strcmp(kept, c->kept) != 0)
			fail_msg("%s: kept \"%s\"", c->what, kept);
		if (answer->ttl != c->ttl)
			fail_msg("%s: TTL %u", c->what, answer->ttl);
		if (answer->hop_count != c->hop_count || answer->address_count != c->address_count)
			fail_msg("%s: %u hops, %u addresses", c->what, answer->hop_count,
			         answer->address_count);
		assert_int_equal(answer->rcode, c->flags & 15);
		assert_true(answer_bytes(answer) >= sizeof *answer + answer->length);
		answer_free(&answer);
		assert_null(answer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_was_asked_for_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

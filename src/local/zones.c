/* The zones of zones.h. `test` (RFC 6761, 6.2) is not among them: it is there for those who test with a zone of
 * their own, and where it has none, the upstream says so. */
#include "local/zones.h"

#include <stdio.h>
#include <string.h>

#define LOCAL_IP6 "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa"

static const struct builtin_zone zones[] = {
	{"10.in-addr.arpa", "RFC 6303", true},
	{"168.192.in-addr.arpa", "RFC 6303", true},
	{"0.in-addr.arpa", "RFC 6303", true},
	{"127.in-addr.arpa", "RFC 6303", true},
	{"254.169.in-addr.arpa", "RFC 6303", true},
	{"2.0.192.in-addr.arpa", "RFC 6303", true},
	{"100.51.198.in-addr.arpa", "RFC 6303", true},
	{"113.0.203.in-addr.arpa", "RFC 6303", true},
	{"255.255.255.255.in-addr.arpa", "RFC 6303", true},
	{"0." LOCAL_IP6, "RFC 6303", true}, /* :: */
	{"1." LOCAL_IP6, "RFC 6303", true}, /* ::1 */
	{"d.f.ip6.arpa", "RFC 6303", true},
	{"8.e.f.ip6.arpa", "RFC 6303", true},
	{"9.e.f.ip6.arpa", "RFC 6303", true},
	{"a.e.f.ip6.arpa", "RFC 6303", true},
	{"b.e.f.ip6.arpa", "RFC 6303", true},
	{"8.b.d.0.1.0.0.2.ip6.arpa", "RFC 6303", true},
	{"home.arpa", "RFC 8375", true},
	{"invalid", "RFC 6761", false},
	{"local", "RFC 6762: multicast DNS has it",
     false}, /* nss-mdns takes NOERROR for a unicast zone */
	{"onion", "RFC 7686: Tor has it", false},
};

static int add_numbered(int (*add)(void *, const struct builtin_zone *), void *data, unsigned from,
                        unsigned to, const char *below, const char *why)
{
	int result = PF_OK;
	for (unsigned i = from; i <= to && result == PF_OK; i++) {
		char name[32];
		snprintf(name, sizeof name, "%u.%s.in-addr.arpa", i, below);
		result = add(data, &(struct builtin_zone){name, why, true});
	}
	return result;
}

int zones_each(int (*add)(void *data, const struct builtin_zone *zone), void *data)
{
	int result = PF_OK;
	for (size_t i = 0; i < PF_COUNT(zones) && result == PF_OK; i++)
		result = add(data, &zones[i]);
	if (result == PF_OK)
		result = add_numbered(add, data, 16, 31, "172", "RFC 6303");
	if (result == PF_OK)
		result = add_numbered(add, data, 64, 127, "100", "RFC 7793");
	return result;
}

void zones_reverse_name(const struct addr *addr, struct dns_name *name)
{
	static const char hex[] = "0123456789abcdef";
	char text[80], *at = text;
	if (addr->family == 4) {
		snprintf(text, sizeof text, "%u.%u.%u.%u.in-addr.arpa", addr->bytes[3], addr->bytes[2],
		         addr->bytes[1], addr->bytes[0]);
	} else {
		for (int i = 15; i >= 0; i--) {
			*at++ = hex[addr->bytes[i] & 15];
			*at++ = '.';
			*at++ = hex[addr->bytes[i] >> 4];
			*at++ = '.';
		}
		strcpy(at, "ip6.arpa");
	}
	if (dns_name_from_text(text, name) != PF_OK)
		*name = (struct dns_name){.length = 1}; /* it is always a name */
}

/* Addresses, prefixes and MACs of addr.h. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int addr_parse(const char *text, struct addr *addr)
{
	*addr = (struct addr){0};
	if (inet_pton(AF_INET, text, addr->bytes) == 1) {
		addr->family = 4;
		return PF_OK;
	}
	if (inet_pton(AF_INET6, text, addr->bytes) == 1) {
		addr->family = 6;
		return PF_OK;
	}
	*addr = (struct addr){0};
	return PF_EINVAL;
}

/* By hand: every unknown device is named by its address, on the packet path. */
static void format_v4(const uint8_t *bytes, char *text)
{
	for (size_t i = 0; i < 4; i++) {
		unsigned byte = bytes[i];
		if (byte >= 100)
			*text++ = (char)('0' + byte / 100);
		if (byte >= 10)
			*text++ = (char)('0' + byte / 10 % 10);
		*text++ = (char)('0' + byte % 10);
		*text++ = '.';
	}
	text[-1] = '\0';
}

void addr_format(const struct addr *addr, char text[ADDR_TEXT_MAX])
{
	if (addr->family == 4)
		format_v4(addr->bytes, text);
	else if (addr->family == 6)
		inet_ntop(AF_INET6, addr->bytes, text, ADDR_TEXT_MAX);
	else
		snprintf(text, ADDR_TEXT_MAX, "none");
}

unsigned addr_bits(const struct addr *addr)
{
	return addr->family == 4 ? 32 : 128;
}

void addr_unmap(struct addr *addr)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	if (addr->family != 6 || memcmp(addr->bytes, mapped, sizeof mapped))
		return;
	memmove(addr->bytes, addr->bytes + 12, 4);
	memset(addr->bytes + 4, 0, 12);
	addr->family = 4;
}

bool addr_is_loopback(const struct addr *addr)
{
	static const struct addr loopback6 = {6, {[15] = 1}};
	struct addr plain = *addr;
	addr_unmap(&plain);
	return plain.family == 4 ? plain.bytes[0] == 127 : addr_equal(&plain, &loopback6);
}

bool addr_is_any(const struct addr *addr)
{
	static const uint8_t any[sizeof addr->bytes];
	return addr->family && !memcmp(addr->bytes, any, sizeof any);
}

bool addr_is_link_local6(const struct addr *addr)
{
	return addr->family == 6 && addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80;
}

/* Digits only, up to `max`; strtoul would take signs and blanks. */
static int parse_number(const char *text, unsigned max, unsigned *number)
{
	unsigned value = 0;
	if (!*text)
		return PF_EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return PF_EINVAL;
		value = value * 10 + (unsigned)(*text - '0');
		if (value > max)
			return PF_EINVAL;
	}
	*number = value;
	return PF_OK;
}

static bool host_bits_clear(const struct addr *addr, unsigned length)
{
	for (unsigned bit = length; bit < addr_bits(addr); bit++)
		if (addr->bytes[bit / 8] & (0x80u >> (bit % 8)))
			return false;
	return true;
}

int prefix_parse(const char *text, struct prefix *prefix)
{
	char address[ADDR_TEXT_MAX];
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	if (length >= sizeof address)
		return PF_EINVAL;
	memcpy(address, text, length);
	address[length] = '\0';
	if (addr_parse(address, &prefix->addr) != PF_OK)
		return PF_EINVAL;
	unsigned bits = addr_bits(&prefix->addr);
	if (slash && parse_number(slash + 1, bits, &bits) != PF_OK)
		return PF_EINVAL;
	if (!host_bits_clear(&prefix->addr, bits))
		return PF_EINVAL;
	prefix->length = (uint8_t)bits;
	return PF_OK;
}

void prefix_format(const struct prefix *prefix, char text[PREFIX_TEXT_MAX])
{
	char address[ADDR_TEXT_MAX];
	addr_format(&prefix->addr, address);
	snprintf(text, PREFIX_TEXT_MAX, "%s/%u", address, prefix->length);
}

bool prefix_contains(const struct prefix *prefix, const struct addr *addr)
{
	if (prefix->addr.family != addr->family)
		return false;
	size_t whole = prefix->length / 8;
	unsigned rest = prefix->length % 8;
	if (memcmp(prefix->addr.bytes, addr->bytes, whole))
		return false;
	return !rest || !((prefix->addr.bytes[whole] ^ addr->bytes[whole]) >> (8 - rest));
}

bool any_prefix_contains(const struct prefix *prefixes, size_t count, const struct addr *addr)
{
	for (size_t i = 0; i < count; i++)
		if (prefix_contains(&prefixes[i], addr))
			return true;
	return false;
}

int addr_port_parse(const char *text, uint16_t port_default, struct addr_port *out)
{
	char address[ADDR_PORT_TEXT_MAX];
	size_t length = strlen(text);
	if (length >= sizeof address)
		return PF_EINVAL;
	memcpy(address, text, length + 1);
	char *port = NULL, *start = address;
	if (*address == '[') {
		char *end = strchr(address, ']');
		if (!end || (end[1] && end[1] != ':' && end[1] != '@'))
			return PF_EINVAL;
		port = end[1] ? end + 2 : NULL;
		*end = '\0';
		start = address + 1;
	} else {
		char *colon = strchr(address, ':');
		port = strchr(address, '@');
		if (!port && colon && !strchr(colon + 1, ':'))
			port = colon;
		if (port)
			*port++ = '\0';
	}
	unsigned number = port_default;
	if (port && (parse_number(port, 65535, &number) != PF_OK || !number))
		return PF_EINVAL;
	if (addr_parse(start, &out->addr) != PF_OK)
		return PF_EINVAL;
	if (*address == '[' && out->addr.family != 6)
		return PF_EINVAL;
	out->port = (uint16_t)number;
	return PF_OK;
}

void addr_port_format(const struct addr_port *addr_port, char text[ADDR_PORT_TEXT_MAX])
{
	char address[ADDR_TEXT_MAX];
	addr_format(&addr_port->addr, address);
	snprintf(text, ADDR_PORT_TEXT_MAX, addr_port->addr.family == 6 ? "[%s]:%u" : "%s:%u", address,
	         addr_port->port);
}

socklen_t addr_to_sockaddr(const struct addr_port *in, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof *out);
	if (in->addr.family == 4) {
		struct sockaddr_in *v4 = (struct sockaddr_in *)out;
		v4->sin_family = AF_INET;
		v4->sin_port = htons(in->port);
		memcpy(&v4->sin_addr, in->addr.bytes, 4);
		return sizeof *v4;
	}
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(in->port);
	memcpy(&v6->sin6_addr, in->addr.bytes, 16);
	return sizeof *v6;
}

int addr_from_sockaddr(const struct sockaddr *in, struct addr_port *out)
{
	*out = (struct addr_port){0};
	if (in->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)in;
		out->addr.family = 4;
		out->port = ntohs(v4->sin_port);
		memcpy(out->addr.bytes, &v4->sin_addr, 4);
		return PF_OK;
	}
	if (in->sa_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)in;
		out->addr.family = 6;
		out->port = ntohs(v6->sin6_port);
		memcpy(out->addr.bytes, &v6->sin6_addr, 16);
		addr_unmap(&out->addr);
		return PF_OK;
	}
	return PF_EINVAL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int mac_parse(const char *text, struct mac *mac)
{
	if (strlen(text) != MAC_TEXT_MAX - 1)
		return PF_EINVAL;
	for (size_t i = 0; i < sizeof mac->bytes; i++, text += 3) {
		int high = hex_digit(text[0]), low = hex_digit(text[1]);
		bool divided = i == 5 ? text[2] == '\0' : text[2] == ':' || text[2] == '-';
		if (high < 0 || low < 0 || !divided)
			return PF_EINVAL;
		mac->bytes[i] = (uint8_t)(high * 16 + low);
	}
	return PF_OK;
}

void mac_format(const struct mac *mac, char text[MAC_TEXT_MAX])
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < sizeof mac->bytes; i++) {
		*text++ = digits[mac->bytes[i] >> 4];
		*text++ = digits[mac->bytes[i] & 15];
		*text++ = ':';
	}
	text[-1] = '\0';
}

bool mac_equal(const struct mac *a, const struct mac *b)
{
	return !memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

/* The options of client.h. They were checked for their lengths already (dns/query.c); here for what they say. */
#include "dns/client.h"

#include <ctype.h>
#include <string.h>

#define OPTION_HEADER 4
#define MAC_BASE64_CHARS 8

static int base64_value(uint8_t c)
{
	return c >= 'A' && c <= 'Z'   ? c - 'A'
	       : c >= 'a' && c <= 'z' ? c - 'a' + 26
	       : c >= '0' && c <= '9' ? c - '0' + 52
	       : c == '+'             ? 62
	       : c == '/'             ? 63
	                              : -1;
}

/* Six bytes are eight characters without padding. */
static bool mac_of_base64(const uint8_t *text, size_t length, struct mac *mac)
{
	uint64_t bits = 0;
	if (length != MAC_BASE64_CHARS)
		return false;
	for (size_t i = 0; i < length; i++) {
		int value = base64_value(text[i]);
		if (value < 0)
			return false;
		bits = bits << 6 | (uint64_t)value;
	}
	for (size_t i = 0; i < sizeof mac->bytes; i++)
		mac->bytes[i] = (uint8_t)(bits >> (40 - 8 * i));
	return true;
}

/* A MAC that a device can have: not of a group, not nothing. */
static bool is_unicast(const struct mac *mac)
{
	static const struct mac zero;
	return !(mac->bytes[0] & 1) && !mac_equal(mac, &zero);
}

static void read_text(const uint8_t *data, size_t length, struct dns_client *client)
{
	if (!length || length >= sizeof client->text)
		return;
	for (size_t i = 0; i < length; i++)
		if (!isalnum(data[i]) && (!data[i] || !strchr("-_.:+/ ", data[i])))
			return;
	memcpy(client->text, data, length);
	client->text[length] = '\0';
}

/* A text that is a MAC is one; option 65001 is the stronger word. */
static void use_text_as_mac(struct dns_client *client)
{
	struct mac mac;
	size_t length = strlen(client->text);
	if (mac_parse(client->text, &mac) != PF_OK &&
	    !mac_of_base64((const uint8_t *)client->text, length, &mac))
		return;
	client->text[0] = '\0';
	if (client->has_mac || !is_unicast(&mac))
		return;
	client->has_mac = true;
	client->mac = mac;
}

static bool has_host_bits(const uint8_t *bytes, size_t length, unsigned bits)
{
	return bits % 8 && length && bytes[length - 1] & (0xffu >> bits % 8);
}

/* RFC 7871, 6: as many bytes as the source prefix needs, no bit behind it, scope 0 in a query. */
static void read_subnet(const uint8_t *data, size_t length, struct dns_client *client)
{
	if (length < DNS_SUBNET_HEADER)
		return;
	unsigned family = dns_read16(data), bits = data[2];
	size_t bytes = length - DNS_SUBNET_HEADER;
	if ((family != DNS_SUBNET_IPV4 && family != DNS_SUBNET_IPV6) ||
	    bits > (family == DNS_SUBNET_IPV4 ? 32u : 128u) || !bits || data[3])
		return;
	if (bytes != (bits + 7) / 8 || has_host_bits(data + DNS_SUBNET_HEADER, bytes, bits))
		return;
	client->has_subnet = true;
	client->subnet =
		(struct prefix){.addr.family = family == DNS_SUBNET_IPV4 ? 4 : 6, .length = (uint8_t)bits};
	memcpy(client->subnet.addr.bytes, data + DNS_SUBNET_HEADER, bytes);
}

void dns_client_read(const uint8_t *packet, const struct dns_edns *edns, struct dns_client *client)
{
	unsigned macs = 0, texts = 0, subnets = 0;
	const uint8_t *at = packet + edns->options_at, *end = at + edns->options_length;
	memset(client, 0, sizeof *client);
	while (end - at >= OPTION_HEADER) {
		unsigned code = dns_read16(at);
		size_t length = dns_read16(at + 2);
		const uint8_t *data = at + OPTION_HEADER;
		at = data + length;
		if (code == DNS_OPTION_MAC && !macs++ && length == sizeof client->mac) {
			memcpy(&client->mac, data, length);
			client->has_mac = is_unicast(&client->mac);
		} else if (code == DNS_OPTION_DEVICE && !texts++) {
			read_text(data, length, client);
		} else if (code == DNS_OPTION_SUBNET && !subnets++) {
			read_subnet(data, length, client);
		}
	}
	client->has_mac = client->has_mac && macs == 1;
	client->has_subnet = client->has_subnet && subnets == 1;
	if (texts > 1)
		client->text[0] = '\0';
	use_text_as_mac(client);
}

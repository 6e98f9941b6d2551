/* What a server is, see group.h. */
#include "value/group.h"

#include <stdio.h>

#include "base/hash.h"

#define NAME_SHOWN_MAX 49 /* beside "https://", ":65535" and a subnet */
#define SUBNET_DIVIDER " for "

struct upstream_target upstream_target_plain(const struct addr_port *address)
{
	struct upstream_target target = {.address = *address, .protocol = PROTOCOL_UDP};
	upstream_target_seal(&target);
	return target;
}

static uint64_t add_secure(struct hash_key key, const struct upstream_secure *secure)
{
	/* The NUL of each is a divider. */
	key.seed = hash_bytes(key, secure->name, strlen(secure->name) + 1);
	key.seed = hash_bytes(key, secure->host, strlen(secure->host) + 1);
	key.seed = hash_bytes(key, secure->path, strlen(secure->path) + 1);
	key.seed = hash_bytes(key, &secure->opportunistic, sizeof secure->opportunistic);
	return hash_bytes(key, secure->pins, secure->pin_count * sizeof secure->pins[0]);
}

void upstream_target_seal(struct upstream_target *target)
{
	const struct addr *addr = &target->address.addr;
	uint8_t protocol = (uint8_t)target->protocol;
	struct hash_key key = {0};
	/* Only what the family has: behind an IPv4 address stands anything. */
	key.seed = hash_bytes(key, addr->bytes, addr->family == 4 ? 4 : 16);
	key.seed = hash_bytes(key, &target->address.port, sizeof target->address.port);
	key.seed = hash_bytes(key, &protocol, sizeof protocol);
	if (target->subnet.addr.family)
		key.seed = hash_bytes(key, &target->subnet, sizeof target->subnet);
	target->key = target->secure ? add_secure(key, target->secure) : key.seed;
}

void upstream_target_format(const struct upstream_target *target, char text[UPSTREAM_TEXT_MAX])
{
	const char *scheme = protocol_scheme(target->protocol);
	char address[ADDR_PORT_TEXT_MAX];
	if (upstream_target_is_named(target)) {
		snprintf(text, UPSTREAM_TEXT_MAX, "%s%.*s:%u", scheme, NAME_SHOWN_MAX, target->secure->host,
		         target->address.port);
		return;
	}
	addr_port_format(&target->address, address);
	snprintf(text, UPSTREAM_TEXT_MAX, "%s%s", scheme, address);
}

void upstream_target_tell(const struct upstream_target *target, char text[UPSTREAM_TEXT_MAX])
{
	char subnet[PREFIX_TEXT_MAX];
	upstream_target_format(target, text);
	if (!target->subnet.length)
		return;
	size_t length = strlen(text);
	prefix_format(&target->subnet, subnet);
	snprintf(text + length, UPSTREAM_TEXT_MAX - length, SUBNET_DIVIDER "%s", subnet);
}

bool upstream_text_has_subnet(const char *text)
{
	return strstr(text, SUBNET_DIVIDER);
}

void upstream_subnet_format(const struct prefix *subnet, char text[PREFIX_TEXT_MAX])
{
	if (subnet->length)
		prefix_format(subnet, text);
	else
		strcpy(text, subnet->addr.family ? "hide" : "off");
}

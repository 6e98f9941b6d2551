/* SvcParams stand in the order of their keys (RFC 9460, 2.2). */
#include "dns/svcb.h"

#include <string.h>

#include "dns/dns.h"

enum { KEY_ALPN = 1, KEY_PORT = 3, KEY_IPV4HINT = 4, KEY_IPV6HINT = 6, KEY_DOHPATH = 7 };

struct output {
	uint8_t *bytes;
	size_t length, room;
	bool full;
};

static uint8_t *take(struct output *out, size_t length)
{
	if (out->full || out->room - out->length < length) {
		out->full = true;
		return NULL;
	}
	out->length += length;
	return out->bytes + out->length - length;
}

/* NULL: there is no room for it. */
static uint8_t *take_param(struct output *out, uint16_t key, size_t length)
{
	uint8_t *at = take(out, 4 + length);
	if (!at)
		return NULL;
	dns_write16(at, key);
	dns_write16(at + 2, (uint16_t)length);
	return at + 4;
}

static void put_hints(struct output *out, const struct svcb_service *service, uint16_t key,
                      uint8_t family, size_t bytes)
{
	size_t count = 0;
	for (size_t i = 0; i < service->address_count; i++)
		count += service->addresses[i].family == family;
	uint8_t *at = count ? take_param(out, key, count * bytes) : NULL;
	for (size_t i = 0; at && i < service->address_count; i++) {
		if (service->addresses[i].family != family)
			continue;
		memcpy(at, service->addresses[i].bytes, bytes);
		at += bytes;
	}
}

size_t svcb_write(uint8_t *bytes, size_t room, const struct svcb_service *service)
{
	struct output out = {.bytes = bytes, .room = room};
	size_t alpn_length = strlen(service->alpn);
	uint8_t *at = take(&out, 2u + service->target->length);
	if (at) {
		dns_write16(at, service->priority);
		memcpy(at + 2, service->target->wire, service->target->length);
	}
	at = take_param(&out, KEY_ALPN, 1 + alpn_length);
	if (at) {
		at[0] = (uint8_t)alpn_length;
		memcpy(at + 1, service->alpn, alpn_length);
	}
	at = take_param(&out, KEY_PORT, 2);
	if (at)
		dns_write16(at, service->port);
	put_hints(&out, service, KEY_IPV4HINT, 4, 4);
	put_hints(&out, service, KEY_IPV6HINT, 6, 16);
	at = service->path ? take_param(&out, KEY_DOHPATH, strlen(service->path)) : NULL;
	if (at)
		memcpy(at, service->path, strlen(service->path));
	return out.full ? 0 : out.length;
}

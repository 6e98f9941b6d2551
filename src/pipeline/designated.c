/* The records of designated.h: which protocols in which order, and which addresses go with them. */
#include "pipeline/designated.h"

#include "dns/svcb.h"

/* In the order in which they are recommended: the least work for both ends first, and then those that pass where port 853
 * does not. */
static const struct {
	enum protocol protocol;
	const char *alpn, *path;
} kinds[] = {
	{PROTOCOL_TLS, "dot", NULL},
	{PROTOCOL_QUIC, "doq", NULL},
	{PROTOCOL_HTTPS, "h2", DESIGNATED_PATH},
};

bool designated_name(const struct config *config, const struct tls_server *tls,
                     struct dns_name *name)
{
	const struct config_discovery *discovery = &config->discovery;
	const struct config_certificate *certificate = &config->certificate;
	if (!tls || discovery->off)
		return false;
	if (discovery->named) {
		dns_name_copy(name, &discovery->name);
		return true;
	}
	for (size_t i = 0; i < certificate->name_count; i++)
		if (tls_server_is_for(tls, certificate->names[i]))
			return dns_name_from_text(certificate->names[i], name) == PF_OK;
	const char *own = tls_server_name(tls);
	return *own && dns_name_from_text(own, name) == PF_OK;
}

/* Could the client come there, as far as it can be told from the address that it has asked? */
static bool is_reachable(const struct addr *place, const struct addr *asked)
{
	if (addr_is_any(place) || !asked->family || addr_equal(place, asked))
		return true;
	/* An address of a link alone would need to be on the client's. */
	return !addr_is_link_local6(place) && (!addr_is_loopback(place) || addr_is_loopback(asked));
}

struct place {
	bool reachable;
	struct addr addresses[CONFIG_LISTEN_MAX];
	size_t address_count;
};

/* The address that was asked comes first: who believes nobody else (RFC 9462, 4.3) takes no other. */
static void add_address(struct place *place, const struct addr *addr, const struct addr *asked)
{
	for (size_t i = 0; i < place->address_count; i++)
		if (addr_equal(&place->addresses[i], addr))
			return;
	size_t at = place->address_count++;
	place->addresses[at] = *addr;
	if (addr_equal(addr, asked)) {
		place->addresses[at] = place->addresses[0];
		place->addresses[0] = *addr;
	}
}

/* All that is listened on with this protocol and port. */
static void collect(const struct designated *designated, enum protocol protocol, uint16_t port,
                    struct place *place)
{
	const struct addr *asked = &designated->asked;
	place->reachable = false;
	place->address_count = 0;
	for (size_t i = 0; i < designated->listen_count; i++) {
		const struct config_listen *listen = &designated->listen[i];
		const struct addr *addr = &listen->address.addr;
		if (listen->protocol != protocol || listen->address.port != port ||
		    !is_reachable(addr, asked))
			continue;
		place->reachable = true;
		if (!addr_is_any(addr))
			add_address(place, addr, asked);
		else if (addr->family == asked->family)
			add_address(place, asked, asked);
	}
}

/* Was this port of the protocol met before? */
static bool is_named(const struct designated *designated, size_t index)
{
	const struct config_listen *one = &designated->listen[index];
	for (size_t i = 0; i < index; i++)
		if (designated->listen[i].protocol == one->protocol &&
		    designated->listen[i].address.port == one->address.port)
			return true;
	return false;
}

size_t designated_records(const struct designated *designated, uint8_t records[REPLY_RECORDS_MAX])
{
	struct designated known = *designated;
	size_t length = 0;
	uint16_t priority = 1;
	if (addr_is_any(&known.asked))
		known.asked.family = 0; /* one of ours; which, nobody has told */
	for (size_t kind = 0; kind < PF_COUNT(kinds); kind++) {
		for (size_t i = 0; i < designated->listen_count; i++) {
			const struct config_listen *listen = &designated->listen[i];
			if (listen->protocol != kinds[kind].protocol || is_named(designated, i))
				continue;
			struct place place;
			collect(&known, listen->protocol, listen->address.port, &place);
			const struct svcb_service service = {priority,           designated->name,
			                                     kinds[kind].alpn,   listen->address.port,
			                                     kinds[kind].path,   place.addresses,
			                                     place.address_count};
			size_t room = REPLY_RECORDS_MAX - length;
			size_t data = place.reachable && room > REPLY_RECORD_HEADER
			                  ? svcb_write(records + length + REPLY_RECORD_HEADER,
			                               room - REPLY_RECORD_HEADER, &service)
			                  : 0;
			if (!data)
				continue;
			dns_write16(records + length, DNS_TYPE_SVCB);
			dns_write16(records + length + 2, (uint16_t)data);
			length += REPLY_RECORD_HEADER + data;
			priority++;
		}
	}
	return length;
}

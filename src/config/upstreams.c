/* upstreams: whom we ask, plainly or within TLS. "9.9.9.9", "tls://9.9.9.9#dns.quad9.net", "https://9.9.9.9/dns-query#dns.quad9.net", or a
 * mapping with more about one of them. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "config/sections.h"
#include "config/upstreams.h"
#include "config/values.h"
#include "tls/trust.h"
#include "value/special.h"

#define DNS_PORT 53
#define TLS_PORT 853
#define HTTPS_PORT 443
#define QUIC_PORT 853

/* More would tell who asks rather than where (RFC 7871, 11.1). */
#define SUBNET_IPV4_MAX 24
#define SUBNET_IPV6_MAX 56

#define SERVER_TEXT_MAX (UPSTREAM_NAME_MAX + UPSTREAM_NAME_MAX + UPSTREAM_PATH_MAX)

/* One item as it is read. */
struct item {
	const struct node *node;
	const char *scheme_end; /* in the text: what stands behind "tls://" */
	enum protocol protocol;
	bool has_address;
	struct addr_port address;
	char host[UPSTREAM_NAME_MAX]; /* in place of an address; "" */
	uint16_t port;                /* of `host` */
	struct upstream_secure secure;
	struct prefix subnet; /* see upstream_target */
	const struct node *server, *ca_file, *pins;
	size_t address_count;
	struct addr addresses[CONFIG_UPSTREAM_MAX];
	bool failed;
};

static const struct {
	const char *scheme;
	enum protocol protocol;
	uint16_t port;
} schemes[] = {
	{"tls://", PROTOCOL_TLS, TLS_PORT},
	{"https://", PROTOCOL_HTTPS, HTTPS_PORT},
	{"quic://", PROTOCOL_QUIC, QUIC_PORT},
};

/* ---- the text ---------------------------------------------------------------------------- */

static void fail(struct item *item)
{
	item->failed = true;
}

/* In lower case, as certificates and clients have it. */
static bool take_name(const char *text, char out[UPSTREAM_NAME_MAX])
{
	struct dns_name name;
	char shown_name[NAME_TEXT_MAX];
	if (dns_name_from_text(text, &name) != PF_OK || name.labels < 1)
		return false;
	dns_name_to_text(&name, shown_name);
	if (strlen(shown_name) >= UPSTREAM_NAME_MAX || strchr(shown_name, '\\'))
		return false;
	strcpy(out, shown_name);
	return true;
}

/* "/dns-query", with or without "{?dns}". */
static bool take_path(struct item *item, const char *text)
{
	static const char template[] = "{?dns}";
	size_t length = strlen(text), end = sizeof template - 1;
	if (length > end && !strcmp(text + length - end, template))
		length -= end;
	if (length >= UPSTREAM_PATH_MAX)
		return false;
	memcpy(item->secure.path, text, length);
	item->secure.path[length] = '\0';
	for (const char *c = item->secure.path; *c; c++)
		if (*c <= ' ' || *c >= 0x7f || strchr("?#{}\\\"", *c))
			return false;
	return true;
}

static bool read_port(const char *text, uint16_t *port)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || !number || number > UINT16_MAX)
		return false;
	*port = (uint16_t)number;
	return true;
}

/* An address, or a name for which addresses stand elsewhere; each with a port or without. */
static bool take_host(struct item *item, char *host, uint16_t port)
{
	if (addr_port_parse(host, port, &item->address) == PF_OK) {
		addr_unmap(&item->address.addr);
		item->has_address = true;
		return true;
	}
	char *divider = strpbrk(host, ":@");
	item->port = port;
	if (divider) {
		*divider = '\0';
		if (!read_port(divider + 1, &item->port))
			return false;
	}
	return take_name(host, item->host);
}

static bool take_text(struct item *item, const char *rest, uint16_t port)
{
	char text[SERVER_TEXT_MAX];
	if (strlen(rest) >= sizeof text)
		return false;
	strcpy(text, rest);
	char *name = strchr(text, '#');
	if (name)
		*name++ = '\0';
	char *path = item->protocol == PROTOCOL_HTTPS ? strchr(text, '/') : NULL;
	if (item->protocol == PROTOCOL_HTTPS && !take_path(item, path ? path : "/dns-query"))
		return false;
	if (path)
		*path = '\0';
	if (!take_host(item, text, port))
		return false;
	if (name)
		return take_name(name, item->secure.name);
	strcpy(item->secure.name, item->host);
	return true;
}

static bool is_built_in(struct reader *reader, const struct item *item)
{
	const char *missing = NULL;
#ifndef HAVE_NGHTTP2
	if (item->protocol == PROTOCOL_HTTPS)
		missing = "libnghttp2: ask this server over tls://, or build with that library";
#endif
#ifndef HAVE_NGTCP2
	if (item->protocol == PROTOCOL_QUIC)
		missing = "libngtcp2: ask this server over tls:// or https://, or build with that library";
#endif
	if (missing)
		tell_error(reader, item->node->pos, "%s is not in this build: it was made without %s",
		           protocol_service(item->protocol), missing);
	return !missing;
}

static void read_server(struct reader *reader, const struct node *node, void *target)
{
	struct item *item = target;
	char show[SHOWN_MAX];
	const char *text = reader_text(reader, node, "upstreams", "the address of a server");
	item->server = node;
	if (!text) {
		fail(item);
		return;
	}
	item->protocol = PROTOCOL_UDP;
	for (size_t i = 0; i < PF_COUNT(schemes); i++) {
		size_t length = strlen(schemes[i].scheme);
		if (strncmp(text, schemes[i].scheme, length))
			continue;
		item->protocol = schemes[i].protocol;
		if (!is_built_in(reader, item)) {
			fail(item);
		} else if (!take_text(item, text + length, schemes[i].port)) {
			tell_error(
				reader, node->pos,
				"bad server `%s` of `upstreams`; write it like tls://192.0.2.1#dns.example.net, "
				"quic://192.0.2.1#dns.example.net or https://192.0.2.1/dns-query#dns.example.net",
				shown(text, show));
			fail(item);
		}
		return;
	}
	if (strstr(text, "://")) {
		tell_error(reader, node->pos,
		           "`%s` of `upstreams` begins with no protocol that is known; there are tls://, "
		           "https:// and quic://, and none before an address that is asked plainly",
		           shown(text, show));
		fail(item);
		return;
	}
	item->has_address = value_addr_port(reader, node, "upstreams", DNS_PORT, &item->address);
	item->failed = !item->has_address;
}

/* ---- the mapping ------------------------------------------------------------------------- */

static void read_addresses(struct reader *reader, const struct node *node, void *target)
{
	struct item *item = target;
	const struct list_shape shape = {"addresses", "an address or a list of addresses",
	                                 CONFIG_UPSTREAM_MAX, false};
	if (!reader_list(reader, node, &shape))
		fail(item);
	else
		for (const struct node *one = reader_first(node); one; one = reader_next(node, one))
			if (value_addr(reader, one, "addresses", &item->addresses[item->address_count]))
				item->address_count++;
			else
				fail(item);
}

static void read_pins(struct reader *reader, const struct node *node, void *target)
{
	struct item *item = target;
	char show[SHOWN_MAX];
	const struct list_shape shape = {"pin-sha256", "a pin or a list of pins", UPSTREAM_PINS_MAX,
	                                 false};
	item->pins = node;
	if (!reader_list(reader, node, &shape)) {
		fail(item);
		return;
	}
	for (const struct node *one = reader_first(node); one; one = reader_next(node, one)) {
		const char *text = reader_text(reader, one, "pin-sha256", "a pin in base64");
		if (text && tls_pin_parse(text, item->secure.pins[item->secure.pin_count])) {
			item->secure.pin_count++;
			continue;
		}
		if (text)
			tell_error(
				reader, one->pos,
				"`%s` of `pin-sha256` is no pin: it is the SHA-256 of a public key in base64, "
				"44 characters",
				shown(text, show));
		fail(item);
	}
}

static void read_ca_file(struct reader *reader, const struct node *node, void *target)
{
	(void)reader;
	((struct item *)target)->ca_file = node;
}

static void read_authentication(struct reader *reader, const struct node *node, void *target)
{
	static const char *const words[] = {"strict", "opportunistic"};
	struct item *item = target;
	int word = reader_word(reader, node, "authentication", words, PF_COUNT(words));
	item->secure.opportunistic = word == 1;
	if (word < 0)
		fail(item);
}

/* Is this one that a server can do something with, and that tells no more than it must? */
static bool is_sound_subnet(struct reader *reader, const struct node *node,
                            const struct prefix *subnet)
{
	static const struct prefix unicast6 = {.addr = {6, {0x20}}, .length = 3}; /* RFC 4291, 2.4 */
	bool is_v4 = subnet->addr.family == 4;
	uint8_t most = is_v4 ? SUBNET_IPV4_MAX : SUBNET_IPV6_MAX;
	char show[SHOWN_MAX];
	shown(node->text, show);
	if (!subnet->length)
		tell_error(reader, node->pos,
		           "`%s` of `client-subnet` is the whole Internet: write `hide` to have the server "
		           "add nothing, or `off`",
		           show);
	else if (special_holds(subnet) || (!is_v4 && !prefix_contains(&unicast6, &subnet->addr)))
		tell_error(
			reader, node->pos,
			"`%s` of `client-subnet` is no network of the Internet (it is private or reserved), "
			"and no server can know where it is: write a public one, `hide` or `off`",
			show);
	else if (subnet->length > most)
		tell_error(
			reader, node->pos,
			"`%s` of `client-subnet` says more of who asks than where he is: write a network "
			"of at most %u bits, ending in `/%u`",
			show, most, most);
	else
		return true;
	return false;
}

static void read_subnet(struct reader *reader, const struct node *node, void *target)
{
	struct item *item = target;
	char show[SHOWN_MAX];
	const char *text = reader_text(reader, node, "client-subnet", "`off`, `hide` or a network");
	if (!text) {
		fail(item);
	} else if (!strcmp(text, "hide")) {
		item->subnet.addr.family = 4;
	} else if (!value_switch(node)) {
		item->subnet = (struct prefix){0};
	} else if (!strchr(text, '/')) {
		tell_error(reader, node->pos,
		           "bad value `%s` for `client-subnet`; write `off`, `hide` or a network like "
		           "198.51.100.0/24",
		           shown(text, show));
		fail(item);
	} else if (!value_prefix(reader, node, "client-subnet", &item->subnet) ||
	           !is_sound_subnet(reader, node, &item->subnet)) {
		fail(item);
	}
}

/* ---- whom to believe --------------------------------------------------------------------- */

/* The trust of its authorities, or nobody's when none is asked. */
static bool load_trust(struct reader *reader, struct item *item)
{
	struct upstream_secure *secure = &item->secure;
	char error[DIAG_TEXT_MAX];
	bool nobody = secure->opportunistic || secure->pin_count;
	char *path = NULL;
	if (item->ca_file && nobody)
		tell_error(
			reader, item->ca_file->pos,
			"`ca-file` says nothing beside %s, with which no authority is asked; leave one out",
			secure->pin_count ? "`pin-sha256`" : "`authentication: opportunistic`");
	else if (item->ca_file)
		path = reader_path(reader, item->ca_file, "ca-file");
	if (item->ca_file && !path)
		return false;
	if (nobody) {
		reader->no_memory |= tls_trust_nobody(&secure->trust) != PF_OK;
	} else if (tls_trust_load(path, &secure->trust, error, sizeof error) != PF_OK) {
		tell_error(reader, (item->ca_file ? item->ca_file : item->node)->pos, "upstreams: %s",
		           error);
	}
	secure->ca_file = path;
	return secure->trust;
}

static bool is_sound(struct reader *reader, struct item *item)
{
	const struct node *more = item->pins ? item->pins : item->ca_file;
	char show[SHOWN_MAX];
	if (item->failed)
		return false;
	if (item->protocol == PROTOCOL_UDP) {
		if (!more && !item->secure.opportunistic && !item->address_count)
			return true;
		tell_error(reader, item->node->pos,
		           "`%s` of `upstreams` is asked plainly: what stands beside it is for tls://, "
		           "https:// and quic://",
		           item->server->text);
		return false;
	}
	if (item->secure.opportunistic && item->pins) {
		tell_error(reader, item->pins->pos,
		           "`pin-sha256` says nothing beside `authentication: opportunistic`, which takes "
		           "whoever answers; leave one out");
		return false;
	}
	bool is_found = !item->has_address && reader->config->bootstrap_count;
	if (item->has_address == !item->address_count || (is_found && !item->address_count)) {
		if (!item->has_address && !item->address_count)
			strcpy(item->secure.host, item->host);
		return load_trust(reader, item);
	}
	if (item->has_address)
		tell_error(reader, item->node->pos,
		           "`%s` of `upstreams` has an address in it: leave `addresses` out",
		           shown(item->server->text, show));
	else
		tell_error(
			reader, item->node->pos,
			"`%s` of `upstreams` is a name, and nobody can be asked where it is: name servers in "
			"`bootstrap`, like `bootstrap: [9.9.9.9]`, or write `{server: \"%s\", addresses: "
			"[192.0.2.1]}`",
			shown(item->server->text, show), item->server->text);
	return false;
}

/* ---- the list ---------------------------------------------------------------------------- */

/* Nobody answers there. */
static bool is_no_server(const struct addr *addr)
{
	static const struct addr any4 = {.family = 4}, any6 = {.family = 6};
	bool multicast = addr->family == 4 ? addr->bytes[0] >= 224 : addr->bytes[0] == 0xff;
	return multicast || addr_equal(addr, &any4) || addr_equal(addr, &any6);
}

static bool already_there(const struct upstream_target *known, size_t count,
                          const struct upstream_target *one, const char *host)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(known[i].secure ? known[i].secure->host : "", host) &&
		    addr_equal(&known[i].address.addr, &one->address.addr) &&
		    known[i].address.port == one->address.port && known[i].protocol == one->protocol)
			return true;
	return false;
}

static struct upstream_secure *copy_secure(struct reader *reader, const struct item *item)
{
	struct upstream_secure *copy = reader_alloc(reader, 1, sizeof *copy);
	if (!copy)
		return NULL;
	*copy = item->secure;
	copy->trust = tls_trust_use(item->secure.trust);
	copy->ca_file = item->secure.ca_file ? reader_copy(reader, item->secure.ca_file) : NULL;
	return copy;
}

static void add(struct reader *reader, const struct item *item, const struct addr_port *address,
                struct upstream_target *upstreams, size_t *count)
{
	char show[SHOWN_MAX];
	struct upstream_target one = {.address = *address,
	                              .protocol = item->protocol,
	                              .subnet = item->subnet};
	shown(item->server->text, show);
	if (address->addr.family && is_no_server(&address->addr)) {
		tell_error(reader, item->node->pos, "`%s` of `upstreams` is not the address of a server",
		           show);
	} else if (already_there(upstreams, *count, &one, item->secure.host)) {
		tell_error(reader, item->node->pos, "`upstreams` names `%s` twice", show);
	} else if (*count == CONFIG_UPSTREAM_MAX) {
		tell_error(reader, item->node->pos,
		           "`%s` of `upstreams` is one address too many: there can be %d in all", show,
		           CONFIG_UPSTREAM_MAX);
	} else if (item->protocol == PROTOCOL_UDP || (one.secure = copy_secure(reader, item))) {
		upstream_target_seal(&one);
		upstreams[(*count)++] = one;
	}
}

static void read_item(struct reader *reader, struct item *item)
{
	static const struct field fields[] = {
		{"server", read_server, true},
		{"addresses", read_addresses, false},
		{"pin-sha256", read_pins, false},
		{"ca-file", read_ca_file, false},
		{"authentication", read_authentication, false},
		{"client-subnet", read_subnet, false},
	};
	if (item->node->kind != NODE_MAPPING)
		read_server(reader, item->node, item);
	else if (!(reader_mapping(reader, item->node, "an upstream", fields, PF_COUNT(fields), item) &
	           1))
		fail(item);
}

void value_upstreams(struct reader *reader, const struct node *node,
                     struct upstream_target *upstreams, size_t *count)
{
	const struct list_shape shape = {"upstreams", "an address or a list of addresses",
	                                 CONFIG_UPSTREAM_MAX, false};
	if (!reader_list(reader, node, &shape))
		return;
	for (const struct node *one = reader_first(node); one; one = reader_next(node, one)) {
		struct item item = {.node = one};
		read_item(reader, &item);
		bool sound = is_sound(reader, &item);
		if (sound && item.has_address)
			add(reader, &item, &item.address, upstreams, count);
		for (size_t i = 0; sound && i < item.address_count; i++)
			add(reader, &item, &(struct addr_port){item.addresses[i], item.port}, upstreams, count);
		if (sound && *item.secure.host)
			add(reader, &item, &(struct addr_port){.port = item.port}, upstreams, count);
		tls_trust_unuse(&item.secure.trust);
		free(item.secure.ca_file);
	}
}

static void read_bootstrap(struct reader *reader, const struct node *node, struct config *config)
{
	struct addr_port address;
	char show[SHOWN_MAX];
	const char *text = reader_text(reader, node, "bootstrap", "an address");
	if (text && strstr(text, "://"))
		tell_error(
			reader, node->pos,
			"`%s` of `bootstrap`: these are asked plainly, and before anything else is known: only "
			"addresses may stand here, like 9.9.9.9",
			shown(text, show));
	else if (text && value_addr_port(reader, node, "bootstrap", DNS_PORT, &address))
		config->bootstrap[config->bootstrap_count++] = upstream_target_plain(&address);
}

void section_bootstrap(struct reader *reader, const struct node *node, void *target)
{
	const struct list_shape shape = {"bootstrap", "an address or a list of addresses",
	                                 CONFIG_UPSTREAM_MAX, false};
	if (!reader_list(reader, node, &shape))
		return;
	for (const struct node *one = reader_first(node); one; one = reader_next(node, one))
		read_bootstrap(reader, one, target);
}

void section_upstreams(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item))
		if (item->kind == NODE_SCALAR && !strcmp(item->text, "recursive"))
			config->recursion.recursive = true;
	if (!config->recursion.recursive)
		value_upstreams(reader, node, config->upstreams, &config->upstream_count);
	else if (reader_next(node, reader_first(node)))
		tell_error(
			reader, node->pos,
			"`recursive` of `upstreams` stands alone: the authoritative name servers are asked then, and "
			"nobody else");
}

bool upstreams_are_plain(const struct upstream_target *upstreams, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (upstreams[i].secure)
			return false;
	return true;
}

void upstreams_deinit(struct upstream_target *upstreams, size_t *count)
{
	for (size_t i = 0; i < *count; i++) {
		struct upstream_secure *secure = (struct upstream_secure *)(uintptr_t)upstreams[i].secure;
		if (secure) {
			tls_trust_unuse(&secure->trust);
			free(secure->ca_file);
		}
		free(secure);
	}
	*count = 0;
}

/* listen, allow-from: who may ask us, and where. */
#include <config.h>

#include <string.h>

#include "config/sections.h"
#include "config/values.h"

#define CONNECTIONS_MIN 16
#define CONNECTIONS_MAX 65536
#define CONNECTIONS_DEFAULT 10000 /* an idle one takes about 1 KB here, and as much in the kernel */

#define DNS_PORT 53
#define TLS_PORT 853
#define HTTPS_PORT 443
#define QUIC_PORT 853
#define CONTROL_SOCKET_BYTES_MAX 107 /* sun_path of Linux has 108 with its NUL */
#define ALLOW_MAX 1024               /* walked through for each client: no list for a botnet */

static const char *const private_networks[] = {
	"10.0.0.0/8",     "172.16.0.0/12", "192.168.0.0/16", /* RFC 1918 */
	"169.254.0.0/16", "127.0.0.0/8",   "fc00::/7",       "fe80::/10", "::1/128",
};
static const char *const all_networks[] = {"0.0.0.0/0", "::/0"};

static bool already_there(const struct addr_port *known, size_t count, const struct addr_port *one)
{
	for (size_t i = 0; i < count; i++)
		if (addr_equal(&known[i].addr, &one->addr) && known[i].port == one->port)
			return true;
	return false;
}

/* TLS and QUIC may have the same port: they share no socket. */
static bool is_listened_on(const struct config *config, const struct addr_port *one,
                           enum protocol protocol)
{
	for (size_t i = 0; i < config->listen_count; i++) {
		enum protocol other = config->listen[i].protocol;
		bool shared = (protocol_has_udp(other) && protocol_has_udp(protocol)) ||
		              (protocol_has_tcp(other) && protocol_has_tcp(protocol));
		if (shared && already_there(&config->listen[i].address, 1, one))
			return true;
	}
	return false;
}

/* The places of one key, behind those of the keys before it. */
static void read_places(struct reader *reader, const struct node *node, const char *key,
                        uint16_t port, enum protocol protocol)
{
	struct config *config = reader->config;
	const struct list_shape shape = {key, "an address or a list of addresses", CONFIG_LISTEN_MAX,
	                                 false};
	if (!reader_list(reader, node, &shape))
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item)) {
		struct addr_port one;
		if (!value_addr_port(reader, item, key, port, &one))
			continue;
		if (is_listened_on(config, &one, protocol))
			tell_error(reader, item->pos, "`%s` names `%s` twice, or another key of `listen` does",
			           key, item->text);
		else if (config->listen_count == CONFIG_LISTEN_MAX)
			tell_error(reader, item->pos, "`%s` of `%s` is one too many: there can be %d in all",
			           item->text, key, CONFIG_LISTEN_MAX);
		else
			config->listen[config->listen_count++] = (struct config_listen){one, protocol};
	}
}

static void read_dns(struct reader *reader, const struct node *node, void *target)
{
	((struct config *)target)->listen_count = 0; /* the defaults */
	read_places(reader, node, "listen.dns", DNS_PORT, PROTOCOL_UDP);
}

static void read_tls(struct reader *reader, const struct node *node, void *target)
{
	(void)target;
	read_places(reader, node, "listen.tls", TLS_PORT, PROTOCOL_TLS);
}

static void read_control(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	config->control_socket = reader_path(reader, node, "listen.control");
	if (config->control_socket && strlen(config->control_socket) > CONTROL_SOCKET_BYTES_MAX)
		tell_error(
			reader, node->pos,
			"the path of `listen.control` has %zu bytes, but a socket's path can have at most %d",
			strlen(config->control_socket), CONTROL_SOCKET_BYTES_MAX);
}

static void read_connections(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	(void)reader_number(reader, node, "listen.connections", CONNECTIONS_MIN, CONNECTIONS_MAX,
	                    &config->connections);
}

static void read_https(struct reader *reader, const struct node *node, void *target)
{
	(void)target;
#ifdef HAVE_NGHTTP2
	read_places(reader, node, "listen.https", HTTPS_PORT, PROTOCOL_HTTPS);
#else
	tell_error(reader, node->pos,
	           "`listen.https` is not in this build: it was made without libnghttp2");
#endif
}

static void read_quic(struct reader *reader, const struct node *node, void *target)
{
	(void)target;
#ifdef HAVE_NGTCP2
	read_places(reader, node, "listen.quic", QUIC_PORT, PROTOCOL_QUIC);
#else
	tell_error(reader, node->pos,
	           "`listen.quic` is not in this build: it was made without libngtcp2");
#endif
}

void section_listen(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	static const struct field fields[] = {
		{"dns", read_dns, false},
		{"control", read_control, false},
		{"connections", read_connections, false},
		{"web", section_web, false},
		{"tls", read_tls, false},
		{"https", read_https, false},
		{"quic", read_quic, false},
		{"certificate", section_certificate, false},
		{"discovery", section_discovery, false},
	};
	(void)reader_mapping(reader, node, "`listen`", fields, PF_COUNT(fields), target);
	for (size_t i = 0; i < config->listen_count; i++)
		config->certificate.wanted |= protocol_is_encrypted(config->listen[i].protocol);
}

void default_listen(struct reader *reader)
{
	struct config *config = reader->config;
	static const char *const defaults[] = {"127.0.0.1", "::1"};
	for (size_t i = 0; i < PF_COUNT(defaults); i++)
		if (addr_port_parse(defaults[i], DNS_PORT, &config->listen[i].address) == PF_OK)
			config->listen[config->listen_count++].protocol = PROTOCOL_UDP;
	config->connections = CONNECTIONS_DEFAULT;
	default_web(reader);
}

static void allow(struct config *config, const char *const *networks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (prefix_parse(networks[i], &config->allow[config->allow_count]) == PF_OK)
			config->allow_count++;
}

/* Room for `items`, each of which may be a word for several networks. */
static bool make_allow_room(struct reader *reader, size_t items)
{
	reader->config->allow =
		reader_alloc(reader, items * PF_COUNT(private_networks), sizeof *reader->config->allow);
	return reader->config->allow;
}

void section_allow_from(struct reader *reader, const struct node *node, void *target)
{
	struct config *config = target;
	const struct list_shape shape = {"allow-from", "`private`, `all`, a network or a list of these",
	                                 ALLOW_MAX, false};
	size_t count = reader_list(reader, node, &shape);
	if (!count || !make_allow_room(reader, count))
		return;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item)) {
		if (item->kind == NODE_SCALAR && !strcmp(item->text, "private"))
			allow(config, private_networks, PF_COUNT(private_networks));
		else if (item->kind == NODE_SCALAR && !strcmp(item->text, "all"))
			allow(config, all_networks, PF_COUNT(all_networks));
		else if (value_prefix(reader, item, "allow-from", &config->allow[config->allow_count]))
			config->allow_count++;
	}
}

void default_allow_from(struct reader *reader)
{
	if (make_allow_room(reader, 1))
		allow(reader->config, private_networks, PF_COUNT(private_networks));
}

/* journal.also: what is written beside the SQLite journal, and where its collectors listen. */
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "config/sections.h"
#include "config/values.h"

#define SINK_BYTES_DEFAULT (64u << 20)
#define SINK_BYTES_MIN (64u << 10)
#define SINK_BYTES_MAX (1ull << 40)
#define SINK_FILES_DEFAULT 8
#define SINK_FILES_MAX 100
#define SINK_RATE_DEFAULT 2000 /* messages a second: four times what a busy house asks */
#define SINK_RATE_MAX 1000000
#define SINK_ENTERPRISE_DEFAULT 32473 /* nobody's: RFC 5612 keeps it for examples */
#define SOCKET_PATH_MAX 107           /* of unix(7) */

#define SINKS_TEXT_MAX (64u << 10) /* eight of the longest paths */

#define BIT(number) (1u << (number))

#define DNSTAP_PORT 6000
#define SYSLOG_PORT_UDP 514 /* RFC 5426 */
#define SYSLOG_PORT_TCP 601 /* RFC 3195's, and what collectors expect of RFC 6587 */

static void read_jsonl(struct reader *reader, const struct node *node, void *target)
{
	struct config_sink *sink = target;
	sink->kind = CONFIG_SINK_JSONL;
	sink->path = reader_path(reader, node, "jsonl");
}

/* ---- collectors -------------------------------------------------------------------------- */

static void read_socket(struct reader *reader, const struct node *node, const char *key,
                        struct config_collector *collector)
{
	char show[SHOWN_MAX];
	collector->transport = CONFIG_UNIX;
	collector->path = reader_path(reader, node, key);
	if (collector->path && strlen(collector->path) > SOCKET_PATH_MAX)
		tell_error(reader, node->pos,
		           "`%s` for `%s` is longer than the %d bytes that the path of a socket may have",
		           shown(collector->path, show), key, SOCKET_PATH_MAX);
}

static void read_address(struct reader *reader, const struct node *node, const char *key,
                         uint16_t port, struct config_collector *collector)
{
	char show[SHOWN_MAX];
	const char *scheme = collector->transport == CONFIG_TCP ? "tcp" : "udp";
	const char *text = node->text + strlen("tcp://");
	if (addr_port_parse(text, port, &collector->address) != PF_OK || !collector->address.port)
		tell_error(reader, node->pos,
		           "bad address `%s` for `%s`; write it like %s://192.0.2.1:%u or "
		           "%s://[2001:db8::1]:%u (host names are not looked up)",
		           shown(node->text, show), key, scheme, port, scheme, port);
}

/* A path, or one of the schemes. `udp_port` 0: it is not spoken over UDP. */
static void read_collector(struct reader *reader, const struct node *node, const char *key,
                           uint16_t tcp_port, uint16_t udp_port, struct config_collector *collector)
{
	char show[SHOWN_MAX];
	const char *udp = udp_port ? " or udp://ADDRESS:PORT" : "";
	const char *text = reader_text(reader, node, key, "the path of a socket, or an address");
	if (!text)
		return;
	if (!strncasecmp(text, "tcp://", 6)) {
		collector->transport = CONFIG_TCP;
		read_address(reader, node, key, tcp_port, collector);
	} else if (udp_port && !strncasecmp(text, "udp://", 6)) {
		collector->transport = CONFIG_UDP;
		read_address(reader, node, key, udp_port, collector);
	} else if (strstr(text, "://")) {
		tell_error(reader, node->pos,
		           "`%s` for `%s` is no place to write to; give the path of a unix socket, or "
		           "tcp://ADDRESS:PORT%s",
		           shown(text, show), key, udp);
	} else {
		read_socket(reader, node, key, collector);
	}
}

static void read_dnstap(struct reader *reader, const struct node *node, void *target)
{
	struct config_sink *sink = target;
	sink->kind = CONFIG_SINK_DNSTAP;
	read_collector(reader, node, "dnstap", DNSTAP_PORT, 0, &sink->collector);
}

static void read_messages(struct reader *reader, const struct node *node, void *target)
{
	/* In dnstap's own words, in the order of the bits. */
	static const char *const words[] = {"CLIENT_QUERY", "CLIENT_RESPONSE", "FORWARDER_QUERY",
	                                    "FORWARDER_RESPONSE"};
	struct config_sink *sink = target;
	const struct list_shape shape = {"messages", "a word or a list of words", PF_COUNT(words),
	                                 false};
	if (!reader_list(reader, node, &shape))
		return;
	sink->messages = 0;
	for (const struct node *item = reader_first(node); item; item = reader_next(node, item)) {
		int word = reader_word(reader, item, "messages", words, PF_COUNT(words));
		if (word < 0)
			continue;
		if (sink->messages & BIT(word))
			tell_error(reader, item->pos, "`messages` names `%s` twice", words[word]);
		sink->messages |= BIT(word);
	}
}

static void read_syslog(struct reader *reader, const struct node *node, void *target)
{
	struct config_sink *sink = target;
	sink->kind = CONFIG_SINK_SYSLOG;
	read_collector(reader, node, "syslog", SYSLOG_PORT_TCP, SYSLOG_PORT_UDP, &sink->collector);
}

/* ---- what else an entry says ------------------------------------------------------------- */

static void read_size(struct reader *reader, const struct node *node, void *target)
{
	struct config_sink *sink = target;
	(void)value_size(reader, node, "max-size", SINK_BYTES_MIN, SINK_BYTES_MAX, &sink->bytes_max);
}

static void read_files(struct reader *reader, const struct node *node, void *target)
{
	struct config_sink *sink = target;
	(void)reader_number(reader, node, "files", 1, SINK_FILES_MAX, &sink->files);
}

static void read_rate(struct reader *reader, const struct node *node, void *target)
{
	struct config_sink *sink = target;
	(void)reader_number(reader, node, "rate", 1, SINK_RATE_MAX, &sink->rate);
}

static void read_enterprise(struct reader *reader, const struct node *node, void *target)
{
	struct config_sink *sink = target;
	(void)reader_number(reader, node, "enterprise", 1, INT32_MAX, &sink->enterprise);
}

enum {
	SINK_JSONL,
	SINK_DNSTAP,
	SINK_SYSLOG,
	SINK_SIZE,
	SINK_FILES,
	SINK_MESSAGES,
	SINK_RATE,
	SINK_ENTERPRISE
};
#define SINK_KINDS (BIT(SINK_JSONL) | BIT(SINK_DNSTAP) | BIT(SINK_SYSLOG))

static const struct field sink_fields[] = {
	[SINK_JSONL] = {"jsonl", read_jsonl, false},
	[SINK_DNSTAP] = {"dnstap", read_dnstap, false},
	[SINK_SYSLOG] = {"syslog", read_syslog, false},
	[SINK_SIZE] = {"max-size", read_size, false},
	[SINK_FILES] = {"files", read_files, false},
	[SINK_MESSAGES] = {"messages", read_messages, false},
	[SINK_RATE] = {"rate", read_rate, false},
	[SINK_ENTERPRISE] = {"enterprise", read_enterprise, false},
};

/* Keys that mean nothing to this kind are mistakes, not decoration. */
static void check_keys(struct reader *reader, const struct node *item, unsigned seen)
{
	static const struct {
		unsigned field, kind;
	} belongs[] = {{SINK_SIZE, SINK_JSONL},
	               {SINK_FILES, SINK_JSONL},
	               {SINK_MESSAGES, SINK_DNSTAP},
	               {SINK_RATE, SINK_SYSLOG},
	               {SINK_ENTERPRISE, SINK_SYSLOG}};
	unsigned kinds = seen & SINK_KINDS;
	if (!kinds || kinds & (kinds - 1)) {
		tell_error(reader, item->pos,
		           "an entry of `journal.also` needs one of the keys `jsonl`, `dnstap` and "
		           "`syslog`%s",
		           kinds ? ", not several" : "");
		return;
	}
	for (size_t i = 0; i < PF_COUNT(belongs); i++)
		if (seen & BIT(belongs[i].field) && !(seen & BIT(belongs[i].kind)))
			tell_error(reader, item->pos, "`%s` is for `%s` alone",
			           sink_fields[belongs[i].field].key, sink_fields[belongs[i].kind].key);
}

static bool same_place(const struct config_sink *a, const struct config_sink *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == CONFIG_SINK_JSONL)
		return a->path && b->path && !strcmp(a->path, b->path);
	if (a->collector.transport != b->collector.transport)
		return false;
	if (a->collector.transport == CONFIG_UNIX)
		return a->collector.path && b->collector.path &&
		       !strcmp(a->collector.path, b->collector.path);
	return a->collector.address.port == b->collector.address.port &&
	       addr_equal(&a->collector.address.addr, &b->collector.address.addr);
}

char *config_describe_sinks(const struct config *config)
{
	struct buffer text;
	buffer_init(&text, SINKS_TEXT_MAX);
	for (size_t i = 0; i < config->sink_count; i++) {
		const struct config_sink *sink = &config->sinks[i];
		char address[ADDR_PORT_TEXT_MAX] = "";
		if (sink->collector.address.addr.family)
			addr_port_format(&sink->collector.address, address);
		buffer_print(&text, "%d %s%s %d %s %llu %u %u %u %u\n", sink->kind,
		             sink->path ? sink->path : "", address, sink->collector.transport,
		             sink->collector.path ? sink->collector.path : "",
		             (unsigned long long)sink->bytes_max, sink->files, sink->messages, sink->rate,
		             sink->enterprise);
	}
	buffer_append(&text, "", 0);
	if (!text.failed)
		return text.data;
	buffer_deinit(&text);
	return NULL;
}

static void read_sink(struct reader *reader, const struct node *item, struct config *config)
{
	struct config_sink *sink = &config->sinks[config->sink_count++];
	*sink = (struct config_sink){.pos = item->pos,
	                             .bytes_max = SINK_BYTES_DEFAULT,
	                             .files = SINK_FILES_DEFAULT,
	                             .messages = CONFIG_MESSAGES_DEFAULT,
	                             .rate = SINK_RATE_DEFAULT,
	                             .enterprise = SINK_ENTERPRISE_DEFAULT};
	unsigned seen = reader_mapping(reader, item, "an entry of `journal.also`", sink_fields,
	                               PF_COUNT(sink_fields), sink);
	if (item->kind == NODE_MAPPING)
		check_keys(reader, item, seen);
	for (size_t i = 0; i + 1 < config->sink_count; i++)
		if (same_place(sink, &config->sinks[i])) {
			tell_error(reader, item->pos,
			           "this place is written to by an earlier entry of `journal.also`");
			break;
		}
}

void sinks_read(struct reader *reader, const struct node *node, void *target)
{
	if (!reader_items(reader, node, "journal.also", CONFIG_SINKS_MAX))
		return;
	for (const struct node *item = node->first; item; item = item->next)
		read_sink(reader, item, target);
}

/* The messages of message.h, with the field numbers of the published dnstap.proto. */
#include "journal/dnstap/message.h"

#include <assert.h>
#include <string.h>

#include "dns/dns.h"
#include "journal/dnstap/proto.h"
#include "journal/json.h"

/* Dnstap */
enum { F_IDENTITY = 1, F_VERSION = 2, F_EXTRA = 3, F_MESSAGE = 14, F_TYPE = 15 };
enum { TYPE_MESSAGE = 1 };
/* Message */
enum {
	M_TYPE = 1,
	M_FAMILY,
	M_PROTOCOL,
	M_QUERY_ADDRESS,
	M_RESPONSE_ADDRESS,
	M_QUERY_PORT,
	M_RESPONSE_PORT,
	M_QUERY_SEC,
	M_QUERY_NSEC,
	M_QUERY,
	M_QUERY_ZONE,
	M_RESPONSE_SEC,
	M_RESPONSE_NSEC,
	M_RESPONSE,
	M_POLICY
};
enum message_type { CLIENT_QUERY = 5, CLIENT_RESPONSE, FORWARDER_QUERY, FORWARDER_RESPONSE };
enum { FAMILY_INET = 1, FAMILY_INET6 };
enum { SOCKET_UDP = 1, SOCKET_TCP, SOCKET_DOT, SOCKET_DOH, SOCKET_DOQ = 7 };
/* Policy */
enum { P_TYPE = 1, P_RULE, P_ACTION, P_MATCH, P_VALUE };
enum policy_action {
	POLICY_NONE,
	POLICY_NXDOMAIN,
	POLICY_NODATA,
	POLICY_PASS,
	POLICY_DROP,
	POLICY_TRUNCATE,
	POLICY_LOCAL_DATA
};
enum policy_match { POLICY_QNAME = 1, POLICY_CLIENT_IP, POLICY_RESPONSE_IP };

#define EXTRA_WORDS_MAX 512 /* keys, numbers and words of a fixed choice */
#define POLICY_MAX (64 + RECORD_RULE_MAX + NAME_TEXT_MAX)
#define HEAD_MAX \
	128 /* a message without what was on the wire: eleven fields, two of them addresses */
#define FRAME_MAX \
	(4 + 3 * (1 + PROTO_NUMBER_MAX)) /* the length in front, and what is around the parts */

/* A query and its response. */
struct exchange {
	const struct addr *from, *to; /* who asks, who answers; family 0: not known */
	uint16_t from_port, to_port;
	enum protocol protocol;
	int64_t asked_us, answered_us; /* wall */
	const struct record_message *query, *response;
};

/* ---- the policy -------------------------------------------------------------------------- */

/* What the client got, in the words of dnstap. There is none for a refusal. */
static enum policy_action policy_action(const struct flat_opened *opened)
{
	const struct flat_key *key = &opened->head.key;
	const struct record_message *response = &opened->response;
	if (key->action != ACTION_SINKHOLE)
		return POLICY_PASS;
	if (key->dropped_reply)
		return POLICY_DROP;
	if (key->rcode == DNS_RCODE_NXDOMAIN)
		return POLICY_NXDOMAIN;
	if (key->rcode != DNS_RCODE_NOERROR)
		return POLICY_NONE;
	if (!response->bytes || response->length < DNS_HEADER_BYTES)
		return response->length ? POLICY_LOCAL_DATA : POLICY_NONE;
	if (dns_read16(response->bytes + 6)) /* ANCOUNT */
		return POLICY_LOCAL_DATA;
	return response->bytes[2] & 2 ? POLICY_TRUNCATE : POLICY_NODATA; /* TC */
}

/* `name` is checked by whoever reads it: it stands as it stood in the ring. */
static uint8_t *put_name(uint8_t *out, const uint8_t *name, size_t length)
{
	char text[NAME_TEXT_MAX];
	length = dns_name_bytes_to_text(name, length, text);
	return length ? proto_bytes(out, P_VALUE, text, length) : out;
}

static uint8_t *put_match(uint8_t *out, const struct flat_opened *opened)
{
	size_t length = opened->wire.matched_length;
	switch ((enum record_match)opened->wire.match) {
	case RECORD_MATCH_NONE: return out;
	case RECORD_MATCH_NAME:
		out = proto_varint(out, P_MATCH, POLICY_QNAME);
		return length ? put_name(out, opened->matched, length)
		              : put_name(out, opened->name, opened->head.key.name_length);
	case RECORD_MATCH_CLIENT: out = proto_varint(out, P_MATCH, POLICY_CLIENT_IP); break;
	case RECORD_MATCH_ADDRESS: out = proto_varint(out, P_MATCH, POLICY_RESPONSE_IP); break;
	}
	return length ? proto_bytes(out, P_VALUE, opened->matched, length) : out;
}

static uint8_t *put_policy(uint8_t *out, const struct flat_opened *opened)
{
	static const char type[] = "portafilter";
	if (!opened->head.key.rule)
		return out;
	enum policy_action action = policy_action(opened);
	uint8_t *begin = proto_begin(out, M_POLICY);
	out = proto_bytes(begin, P_TYPE, type, sizeof type - 1);
	out = proto_bytes(out, P_RULE, opened->rule_name, opened->head.key.rule_name_length);
	if (action != POLICY_NONE)
		out = proto_varint(out, P_ACTION, action);
	return proto_end(begin, put_match(out, opened));
}

/* ---- what dnstap has no field for -------------------------------------------------------- */

#define put_literal(out, text) (memcpy(out, text, sizeof(text) - 1), (out) + sizeof(text) - 1)
/* Of a record: behind its texts stand its messages. */
static_assert(sizeof(struct flat_wire_head) >= JSON_AHEAD_BYTES, "so much may be read");
#define put_text(out, key, text, length) \
	json_write_ahead(put_literal(out, ",\"" key "\":"), text, length)
#define put_word(out, key, word) json_write(put_literal(out, ",\"" key "\":"), word, strlen(word))

/* What is one of a few words each is the same for most records: it is written once for all that are alike. */
static const struct dnstap_words *words_of(struct dnstap_writer *writer,
                                           const struct flat_key *kind)
{
	uint64_t key = (uint64_t)kind->action | (uint64_t)kind->standing << 8 |
	               (uint64_t)kind->confidence << 16 | (uint64_t)kind->source << 24 |
	               (uint64_t)kind->protocol << 32 | (uint64_t)kind->dnssec << 40 |
	               UINT64_C(1) << 48;
	struct dnstap_words *words =
		&writer->words[key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - DNSTAP_WORDS_BITS)];
	if (words->key == key)
		return words;
	char *end = words->text;
	words->key = key;
	end = put_word(end, "action", action_word(kind->action));
	end = put_word(end, "standing", standing_word(kind->standing));
	end = put_word(end, "confidence", confidence_word(kind->confidence));
	end = put_word(end, "source", record_source_word(kind->source));
	end = put_word(end, "protocol", protocol_word(kind->protocol));
	end = put_word(end, "dnssec", dnssec_word(kind->dnssec));
	words->length = (size_t)(end - words->text);
	return words;
}

/* A JSON object. */
static uint8_t *put_extra(struct dnstap_writer *writer, uint8_t *out,
                          const struct flat_opened *opened)
{
	const struct flat_key *key = &opened->head.key;
	const struct dnstap_words *words = words_of(writer, key);
	uint8_t *begin = proto_begin(out, F_EXTRA);
	char *at = put_literal((char *)begin, "{\"took_us\":");
	at = json_write_number(at, opened->head.took_us);
	at = put_text(at, "device_id", opened->device_id, key->device_id_length);
	at = put_text(at, "device", opened->device_name, key->device_name_length);
	at = (char *)copy_bytes((uint8_t *)at, words->text, words->length);
	at = put_text(at, "reason", opened->reason, key->reason_length);
	*at++ = '}';
	return proto_end(begin, (uint8_t *)at);
}

static size_t extra_max(const struct flat_key *key)
{
	return EXTRA_WORDS_MAX + JSON_BYTES_MAX(key->device_id_length) +
	       JSON_BYTES_MAX(key->device_name_length) + JSON_BYTES_MAX(key->reason_length);
}

/* ---- the message ------------------------------------------------------------------------- */

/* Of what is not known it says the least: some such field must be there for those who count by it. */
static uint8_t socket_protocol(enum protocol protocol)
{
	static const uint8_t sockets[PROTOCOL_COUNT] = {
		[PROTOCOL_NONE] = SOCKET_UDP, [PROTOCOL_TCP] = SOCKET_TCP,   [PROTOCOL_UDP] = SOCKET_UDP,
		[PROTOCOL_TLS] = SOCKET_DOT,  [PROTOCOL_HTTPS] = SOCKET_DOH, [PROTOCOL_QUIC] = SOCKET_DOQ};
	return sockets[protocol];
}

static uint8_t *put_addr(uint8_t *out, unsigned field, const struct addr *addr)
{
	if (addr->family == 4)
		return proto_bytes(out, field, addr->bytes, 4);
	return proto_bytes(out, field, addr->bytes, sizeof addr->bytes);
}

static uint8_t *put_ends(uint8_t *out, const struct exchange *exchange)
{
	const struct addr *from = exchange->from, *to = exchange->to;
	uint8_t family = from->family ? from->family : to->family;
	if (family)
		out = proto_small(out, M_FAMILY, family == 4 ? FAMILY_INET : FAMILY_INET6);
	out = proto_small(out, M_PROTOCOL, socket_protocol(exchange->protocol));
	if (from->family)
		out = put_addr(out, M_QUERY_ADDRESS, from);
	if (to->family == family && family)
		out = put_addr(out, M_RESPONSE_ADDRESS, to);
	if (exchange->from_port)
		out = proto_varint(out, M_QUERY_PORT, exchange->from_port);
	if (exchange->to_port)
		out = proto_varint(out, M_RESPONSE_PORT, exchange->to_port);
	return out;
}

static uint8_t *put_time(struct dnstap_writer *writer, uint8_t *out, unsigned field_sec,
                         int64_t wall_us)
{
	int64_t second = wall_us / 1000000;
	if (second != writer->second || !writer->second_length) {
		writer->second = second;
		writer->second_length =
			(size_t)(proto_number(writer->second_bytes, (uint64_t)second) - writer->second_bytes);
	}
	out = proto_tag(out, field_sec, PROTO_VARINT);
	memcpy(out, writer->second_bytes, sizeof writer->second_bytes);
	return proto_fixed32(out + writer->second_length, field_sec + 1,
	                     (uint32_t)(wall_us - second * 1000000) * 1000);
}

static uint8_t *put_message(uint8_t *out, unsigned field, const struct record_message *message)
{
	return message->bytes ? proto_bytes(out, field, message->bytes, message->length) : out;
}

/* `told`: the record, when this message says what came of the query. `both`: the query stands in no message of its own. */
static uint8_t *put_frame(struct dnstap_writer *writer, uint8_t *out, enum message_type type,
                          const struct exchange *exchange, bool both,
                          const struct flat_opened *told)
{
	uint8_t *frame = out, *begin;
	bool response = type == CLIENT_RESPONSE || type == FORWARDER_RESPONSE;
	out = copy_bytes(out + 4, writer->lead, writer->lead_length);
	if (told)
		out = put_extra(writer, out, told);
	begin = proto_begin(out, F_MESSAGE);
	out = put_ends(proto_small(begin, M_TYPE, type), exchange);
	out = put_time(writer, out, M_QUERY_SEC, exchange->asked_us);
	if (!response || both)
		out = put_message(out, M_QUERY, exchange->query);
	if (response) {
		out = put_time(writer, out, M_RESPONSE_SEC, exchange->answered_us);
		out = put_message(out, M_RESPONSE, exchange->response);
	}
	if (told)
		out = put_policy(out, told);
	out = proto_end(begin, out);
	out = proto_small(out, F_TYPE, TYPE_MESSAGE);
	dns_write32(frame, (uint32_t)(out - frame - 4));
	return out;
}

/* What was asked of an upstream. */
static uint8_t *put_hop(struct dnstap_writer *writer, uint8_t *out,
                        const struct record_forward *forward)
{
	static const struct addr unknown;
	struct exchange hop = {&unknown,
	                       &forward->peer.addr,
	                       forward->port,
	                       forward->peer.port,
	                       forward->protocol,
	                       forward->sent_wall_us,
	                       forward->received_wall_us,
	                       &forward->query,
	                       &forward->response};
	unsigned sent = writer->sent[forward->received_wall_us != 0];
	bool query = sent & CONFIG_FORWARDER_QUERY;
	if (query)
		out = put_frame(writer, out, FORWARDER_QUERY, &hop, false, NULL);
	if (sent & CONFIG_FORWARDER_RESPONSE)
		out = put_frame(writer, out, FORWARDER_RESPONSE, &hop, !query, NULL);
	return out;
}

/* ---- what others call -------------------------------------------------------------------- */

/* What is sent of an exchange without a response: its query, also when the response alone is wanted. */
static unsigned unanswered(unsigned messages)
{
	return (messages & (CONFIG_CLIENT_QUERY | CONFIG_CLIENT_RESPONSE) ? CONFIG_CLIENT_QUERY : 0u) |
	       (messages & (CONFIG_FORWARDER_QUERY | CONFIG_FORWARDER_RESPONSE) ? CONFIG_FORWARDER_QUERY
	                                                                        : 0u);
}

void dnstap_writer_init(struct dnstap_writer *writer, unsigned messages, const char *identity,
                        const char *version)
{
	*writer = (struct dnstap_writer){.sent = {unanswered(messages), messages}};
	uint8_t *out =
		proto_bytes(writer->lead, F_IDENTITY, identity, strnlen(identity, DNSTAP_IDENTITY_MAX - 1));
	out = proto_bytes(out, F_VERSION, version, strnlen(version, DNSTAP_VERSION_MAX - 1));
	writer->lead_length = (size_t)(out - writer->lead);
	writer->frame_max = FRAME_MAX + writer->lead_length + HEAD_MAX;
}

size_t dnstap_bytes_max(const struct dnstap_writer *writer, const struct flat_opened *opened)
{
	/* Whatever stands in the record is written once; of the client's exchange and of each with an upstream there are two frames. */
	return 2 * (1u + opened->wire.forward_count) * writer->frame_max + POLICY_MAX +
	       extra_max(&opened->head.key) + (size_t)(opened->end - opened->matched);
}

size_t dnstap_write(struct dnstap_writer *writer, const struct flat_opened *opened, uint8_t *out)
{
	const struct flat_head *head = &opened->head;
	const struct flat_wire_head *wire = &opened->wire;
	struct exchange asked = {&head->key.client,
	                         &wire->server,
	                         wire->client_port,
	                         wire->server_port,
	                         (enum protocol)head->key.protocol,
	                         head->time_wall_us,
	                         head->time_wall_us + head->took_us,
	                         &opened->query,
	                         &opened->response};
	unsigned sent = writer->sent[!head->key.dropped_reply];
	bool query = sent & CONFIG_CLIENT_QUERY, response = sent & CONFIG_CLIENT_RESPONSE;
	const uint8_t *forwards = opened->forwards;
	struct record_forward forward;
	uint8_t *at = out;
	if (query)
		at = put_frame(writer, at, CLIENT_QUERY, &asked, false, response ? NULL : opened);
	for (size_t i = 0; i < wire->forward_count; i++) {
		forwards = flat_forward_read(forwards, opened->end, &forward);
		at = put_hop(writer, at, &forward);
	}
	if (response)
		at = put_frame(writer, at, CLIENT_RESPONSE, &asked, !query, opened);
	return (size_t)(at - out);
}

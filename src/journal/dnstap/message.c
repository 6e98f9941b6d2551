/* The messages of message.h, with the field numbers of the published dnstap.proto. */
#include "journal/dnstap/message.h"

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

/* One message, with its ends. */
struct exchange {
	const struct addr_port *from, *to; /* who asks, who answers; family 0: not known */
	enum protocol protocol;
	int64_t asked_us, answered_us; /* wall */
	const struct record_message *query, *response;
};

/* ---- the policy -------------------------------------------------------------------------- */

/* What the client got, in the words of dnstap. There is none for a refusal. */
static enum policy_action policy_action(const struct record *record)
{
	const struct record_message *response = &record->wire->response;
	if (record->action != ACTION_SINKHOLE)
		return POLICY_PASS;
	if (record->dropped_reply)
		return POLICY_DROP;
	if (record->rcode == DNS_RCODE_NXDOMAIN)
		return POLICY_NXDOMAIN;
	if (record->rcode != DNS_RCODE_NOERROR)
		return POLICY_NONE;
	if (!response->bytes || response->length < DNS_HEADER_BYTES)
		return response->length ? POLICY_LOCAL_DATA : POLICY_NONE;
	if (dns_read16(response->bytes + 6)) /* ANCOUNT */
		return POLICY_LOCAL_DATA;
	return response->bytes[2] & 2 ? POLICY_TRUNCATE : POLICY_NODATA; /* TC */
}

static uint8_t *put_match(uint8_t *out, const struct flat_record *opened)
{
	char text[NAME_TEXT_MAX];
	struct dns_name name;
	const struct record_wire *wire = &opened->wire;
	bool asked = !wire->matched_length;
	switch ((enum record_match)wire->match) {
	case RECORD_MATCH_NONE: return out;
	case RECORD_MATCH_NAME:
		out = proto_varint(out, P_MATCH, POLICY_QNAME);
		if (flat_name_read(asked ? opened->name_wire : wire->matched,
		                   asked ? opened->name_length : wire->matched_length, &name) > 0)
			out = proto_bytes(out, P_VALUE, text, dns_name_to_text(&name, text));
		return out;
	case RECORD_MATCH_CLIENT: out = proto_varint(out, P_MATCH, POLICY_CLIENT_IP); break;
	case RECORD_MATCH_ADDRESS: out = proto_varint(out, P_MATCH, POLICY_RESPONSE_IP); break;
	}
	if (wire->matched_length)
		out = proto_bytes(out, P_VALUE, wire->matched, wire->matched_length);
	return out;
}

static uint8_t *put_policy(uint8_t *out, const struct flat_record *opened)
{
	static const char type[] = "portafilter";
	const struct record *record = &opened->record;
	if (!record->rule)
		return out;
	enum policy_action action = policy_action(record);
	uint8_t *begin = proto_begin(out, M_POLICY);
	out = proto_bytes(begin, P_TYPE, type, sizeof type - 1);
	out = proto_bytes(out, P_RULE, record->rule_name, opened->texts.rule_name);
	if (action != POLICY_NONE)
		out = proto_varint(out, P_ACTION, action);
	return proto_end(begin, put_match(out, opened));
}

/* ---- what dnstap has no field for -------------------------------------------------------- */

#define put_literal(out, text) (memcpy(out, text, sizeof(text) - 1), (out) + sizeof(text) - 1)
#define put_member(out, key, text, length) \
	json_write(put_literal(out, ",\"" key "\":"), text, length)
#define put_word(out, key, word) put_member(out, key, word, strlen(word))

/* What is one of a few words each is the same for most records: it is written once for all that are alike. */
static const struct dnstap_words *words_of(struct dnstap_writer *writer,
                                           const struct record *record)
{
	const uint8_t key[8] = {1,
	                        record->action,
	                        record->standing,
	                        record->confidence,
	                        record->source,
	                        record->protocol,
	                        record->dnssec};
	uint64_t number;
	memcpy(&number, key, sizeof number);
	size_t at = (record->action + record->standing * 3u + record->source * 5u +
	             record->protocol * 7u + record->confidence * 11u + record->dnssec * 13u) %
	            DNSTAP_WORDS_COUNT;
	struct dnstap_words *words = &writer->words[at];
	if (words->key == number)
		return words;
	char *end = words->text;
	words->key = number;
	end = put_word(end, "action", action_word(record->action));
	end = put_word(end, "standing", standing_word(record->standing));
	end = put_word(end, "confidence", confidence_word(record->confidence));
	end = put_word(end, "source", record_source_word(record->source));
	end = put_word(end, "protocol", protocol_word(record->protocol));
	end = put_word(end, "dnssec", dnssec_word(record->dnssec));
	words->length = (size_t)(end - words->text);
	return words;
}

/* A JSON object. */
static uint8_t *put_extra(struct dnstap_writer *writer, uint8_t *out,
                          const struct flat_record *opened)
{
	const struct record *record = &opened->record;
	const struct dnstap_words *words = words_of(writer, record);
	uint8_t *begin = proto_begin(out, F_EXTRA);
	char *at = put_literal((char *)begin, "{\"took_us\":");
	at = json_write_number(at, record->took_us);
	at = put_member(at, "device_id", record->device_id, opened->texts.device_id);
	at = put_member(at, "device", record->device_name, opened->texts.device_name);
	at = (char *)proto_blocks((uint8_t *)at, words->text, words->length);
	at = put_member(at, "reason", record->reason, opened->texts.reason);
	*at++ = '}';
	return proto_end(begin, (uint8_t *)at);
}

static size_t extra_max(const struct flat_record *opened)
{
	const struct flat_texts *texts = &opened->texts;
	return EXTRA_WORDS_MAX + JSON_BYTES_MAX(texts->device_id) + JSON_BYTES_MAX(texts->device_name) +
	       JSON_BYTES_MAX(texts->reason);
}

/* ---- the message ------------------------------------------------------------------------- */

static size_t addr_length(const struct addr *addr)
{
	return addr->family == 4 ? 4 : 16;
}

/* Of what is not known it says the least: some such field must be there for those who count by it. */
static unsigned socket_protocol(enum protocol protocol)
{
	static const uint8_t sockets[PROTOCOL_COUNT] = {
		[PROTOCOL_NONE] = SOCKET_UDP, [PROTOCOL_TCP] = SOCKET_TCP,   [PROTOCOL_UDP] = SOCKET_UDP,
		[PROTOCOL_TLS] = SOCKET_DOT,  [PROTOCOL_HTTPS] = SOCKET_DOH, [PROTOCOL_QUIC] = SOCKET_DOQ};
	return sockets[protocol];
}

static uint8_t *put_ends(uint8_t *out, const struct exchange *exchange)
{
	const struct addr *from = &exchange->from->addr, *to = &exchange->to->addr;
	uint8_t family = from->family ? from->family : to->family;
	if (family)
		out = proto_varint(out, M_FAMILY, family == 4 ? FAMILY_INET : FAMILY_INET6);
	out = proto_varint(out, M_PROTOCOL, socket_protocol(exchange->protocol));
	if (from->family)
		out = proto_bytes(out, M_QUERY_ADDRESS, from->bytes, addr_length(from));
	if (to->family == family && family)
		out = proto_bytes(out, M_RESPONSE_ADDRESS, to->bytes, addr_length(to));
	if (exchange->from->port)
		out = proto_varint(out, M_QUERY_PORT, exchange->from->port);
	if (exchange->to->port)
		out = proto_varint(out, M_RESPONSE_PORT, exchange->to->port);
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

/* Is a message of this type sent? A response that is not wanted, or was none, leaves its query to be told. */
static bool is_sent(const struct dnstap_writer *writer, enum message_type type, bool responded)
{
	unsigned bit = 1u << (type - CLIENT_QUERY), pair = type < FORWARDER_QUERY ? 3u : 12u;
	bool response = type == CLIENT_RESPONSE || type == FORWARDER_RESPONSE;
	if (response)
		return responded && writer->messages & bit;
	return writer->messages & bit || (writer->messages & pair && !responded);
}

/* `told`: the record, when this message says what came of the query. `both`: the query stands in no message of its own. */
static uint8_t *put_frame(struct dnstap_writer *writer, uint8_t *out, enum message_type type,
                          const struct exchange *exchange, bool both,
                          const struct flat_record *told)
{
	uint8_t *frame = out, *begin;
	bool response = type == CLIENT_RESPONSE || type == FORWARDER_RESPONSE;
	out = proto_blocks(out + 4, writer->lead, writer->lead_length);
	if (told)
		out = put_extra(writer, out, told);
	begin = proto_begin(out, F_MESSAGE);
	out = put_ends(proto_varint(begin, M_TYPE, type), exchange);
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
	out = proto_varint(out, F_TYPE, TYPE_MESSAGE);
	dns_write32(frame, (uint32_t)(out - frame - 4));
	return out;
}

/* What was asked of an upstream. */
static uint8_t *put_hop(struct dnstap_writer *writer, uint8_t *out,
                        const struct record_forward *forward)
{
	struct addr_port ours = {.port = forward->port};
	struct exchange hop = {&ours,
	                       &forward->peer,
	                       forward->protocol,
	                       forward->sent_wall_us,
	                       forward->received_wall_us,
	                       &forward->query,
	                       &forward->response};
	bool responded = forward->received_wall_us;
	bool query = is_sent(writer, FORWARDER_QUERY, responded);
	if (query)
		out = put_frame(writer, out, FORWARDER_QUERY, &hop, false, NULL);
	if (is_sent(writer, FORWARDER_RESPONSE, responded))
		out = put_frame(writer, out, FORWARDER_RESPONSE, &hop, !query, NULL);
	return out;
}

/* ---- what others call -------------------------------------------------------------------- */

void dnstap_writer_init(struct dnstap_writer *writer, unsigned messages, const char *identity,
                        const char *version)
{
	*writer = (struct dnstap_writer){.messages = messages};
	uint8_t *out =
		proto_bytes(writer->lead, F_IDENTITY, identity, strnlen(identity, DNSTAP_IDENTITY_MAX - 1));
	out = proto_bytes(out, F_VERSION, version, strnlen(version, DNSTAP_VERSION_MAX - 1));
	writer->lead_length = (size_t)(out - writer->lead);
}

size_t dnstap_bytes_max(const struct dnstap_writer *writer, const struct flat_record *opened)
{
	const struct record_wire *wire = &opened->wire;
	size_t frame = FRAME_MAX + writer->lead_length + HEAD_MAX;
	size_t bytes = 2 * frame + 2u * wire->query.length + wire->response.length + POLICY_MAX +
	               extra_max(opened) + PROTO_BLOCK_BYTES;
	for (size_t i = 0; i < wire->forward_count; i++)
		bytes +=
			2 * frame + 2u * wire->forwards[i].query.length + wire->forwards[i].response.length;
	return bytes;
}

size_t dnstap_write(struct dnstap_writer *writer, const struct flat_record *opened, uint8_t *out)
{
	const struct record *record = &opened->record;
	const struct record_wire *wire = &opened->wire;
	struct addr_port client = {record->client, wire->client_port};
	struct exchange asked = {&client,
	                         &wire->server,
	                         (enum protocol)record->protocol,
	                         record->time_wall_us,
	                         record->time_wall_us + record->took_us,
	                         &wire->query,
	                         &wire->response};
	bool responded = !record->dropped_reply;
	bool query = is_sent(writer, CLIENT_QUERY, responded);
	bool response = is_sent(writer, CLIENT_RESPONSE, responded);
	uint8_t *at = out;
	if (query)
		at = put_frame(writer, at, CLIENT_QUERY, &asked, false, response ? NULL : opened);
	for (size_t i = 0; i < wire->forward_count; i++)
		at = put_hop(writer, at, &wire->forwards[i]);
	if (response)
		at = put_frame(writer, at, CLIENT_RESPONSE, &asked, !query, opened);
	return (size_t)(at - out);
}

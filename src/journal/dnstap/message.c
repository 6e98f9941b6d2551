/* The messages of message.h, with the field numbers of the published dnstap.proto. */
#include "journal/dnstap/message.h"

#include <string.h>

#include "dns/dns.h"
#include "journal/dnstap/proto.h"
#include "journal/flat.h"
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

static uint8_t *put_match(uint8_t *out, const struct record_wire *wire)
{
	char text[NAME_TEXT_MAX];
	struct dns_name name;
	switch ((enum record_match)wire->match) {
	case RECORD_MATCH_NONE: return out;
	case RECORD_MATCH_NAME:
		out = proto_varint(out, P_MATCH, POLICY_QNAME);
		if (flat_name_read(wire->matched, wire->matched_length, &name) > 0)
			out = proto_bytes(out, P_VALUE, text, dns_name_to_text(&name, text));
		return out;
	case RECORD_MATCH_CLIENT: out = proto_varint(out, P_MATCH, POLICY_CLIENT_IP); break;
	case RECORD_MATCH_ADDRESS: out = proto_varint(out, P_MATCH, POLICY_RESPONSE_IP); break;
	}
	if (wire->matched_length)
		out = proto_bytes(out, P_VALUE, wire->matched, wire->matched_length);
	return out;
}

static size_t write_policy(const struct record *record, uint8_t policy[POLICY_MAX])
{
	static const char type[] = "portafilter";
	if (!record->rule)
		return 0;
	enum policy_action action = policy_action(record);
	uint8_t *out = proto_bytes(policy, P_TYPE, type, sizeof type - 1);
	out = proto_bytes(out, P_RULE, record->rule_name, strlen(record->rule_name));
	if (action != POLICY_NONE)
		out = proto_varint(out, P_ACTION, action);
	return (size_t)(put_match(out, record->wire) - policy);
}

/* ---- what dnstap has no field for -------------------------------------------------------- */

#define put_literal(out, text) (memcpy(out, text, sizeof(text) - 1), (out) + sizeof(text) - 1)
#define put_member(out, key, text) json_write(put_literal(out, ",\"" key "\":"), text)

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
	end = put_member(end, "action", action_word(record->action));
	end = put_member(end, "standing", standing_word(record->standing));
	end = put_member(end, "confidence", confidence_word(record->confidence));
	end = put_member(end, "source", record_source_word(record->source));
	end = put_member(end, "protocol", protocol_word(record->protocol));
	end = put_member(end, "dnssec", dnssec_word(record->dnssec));
	words->length = (size_t)(end - words->text);
	return words;
}

/* A JSON object. Its keys and words alone are longer than 127 bytes: the length takes two. */
static uint8_t *put_extra(struct dnstap_writer *writer, uint8_t *out, const struct record *record)
{
	const struct dnstap_words *words = words_of(writer, record);
	char *begin = (char *)proto_tag(out, F_EXTRA, PROTO_BYTES), *at = begin + 2;
	at = put_literal(at, "{\"took_us\":");
	at = json_write_number(at, record->took_us);
	at = put_member(at, "device_id", record->device_id);
	at = put_member(at, "device", record->device_name);
	memcpy(at, words->text, words->length);
	at = put_member(at + words->length, "reason", record->reason);
	*at++ = '}';
	size_t length = (size_t)(at - begin - 2);
	begin[0] = (char)(length | 0x80);
	begin[1] = (char)(length >> 7);
	return (uint8_t *)at;
}

static size_t extra_max(const struct record *record)
{
	return EXTRA_WORDS_MAX + JSON_BYTES_MAX(strlen(record->device_id)) +
	       JSON_BYTES_MAX(strlen(record->device_name)) + JSON_BYTES_MAX(strlen(record->reason));
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

static uint8_t *put_time(uint8_t *out, unsigned field_sec, int64_t wall_us)
{
	out = proto_varint(out, field_sec, (uint64_t)(wall_us / 1000000));
	return proto_fixed32(out, field_sec + 1, (uint32_t)(wall_us % 1000000 * 1000));
}

/* One frame: | 32 bits, big end first | Dnstap |. What stands around the message on the wire is short, is written beside and copied: so all lengths
 * are known before, and the message is copied once. `told`: the record, when its policy and extra belong to this message. */
static uint8_t *put_frame(struct dnstap_writer *writer, uint8_t *out, enum message_type type,
                          const struct exchange *exchange, const struct record *told)
{
	uint8_t head[HEAD_MAX], policy[POLICY_MAX], *at = proto_varint(head, M_TYPE, type),
												*frame = out;
	bool answered = type == CLIENT_RESPONSE || type == FORWARDER_RESPONSE;
	const struct record_message *carried = answered ? exchange->response : exchange->query;
	at = put_time(put_ends(at, exchange), M_QUERY_SEC, exchange->asked_us);
	if (answered)
		at = put_time(at, M_RESPONSE_SEC, exchange->answered_us);
	size_t head_length = (size_t)(at - head), policy_length = told ? write_policy(told, policy) : 0;
	size_t length = head_length + (carried->bytes ? proto_bytes_size(carried->length) : 0) +
	                (policy_length ? proto_bytes_size(policy_length) : 0);
	out = proto_raw(out + 4, writer->lead, writer->lead_length);
	if (told)
		out = put_extra(writer, out, told);
	out = proto_number(proto_tag(out, F_MESSAGE, PROTO_BYTES), length);
	out = proto_raw(out, head, head_length);
	if (carried->bytes)
		out = proto_bytes(out, answered ? M_RESPONSE : M_QUERY, carried->bytes, carried->length);
	if (policy_length)
		out = proto_bytes(out, M_POLICY, policy, policy_length);
	out = proto_varint(out, F_TYPE, TYPE_MESSAGE);
	dns_write32(frame, (uint32_t)(out - frame - 4));
	return out;
}

/* ---- what others call -------------------------------------------------------------------- */

void dnstap_writer_init(struct dnstap_writer *writer, const char *identity, const char *version)
{
	uint8_t *out =
		proto_bytes(writer->lead, F_IDENTITY, identity, strnlen(identity, DNSTAP_IDENTITY_MAX - 1));
	out = proto_bytes(out, F_VERSION, version, strnlen(version, DNSTAP_VERSION_MAX - 1));
	memset(writer->words, 0, sizeof writer->words);
	writer->lead_length = (size_t)(out - writer->lead);
}

size_t dnstap_bytes_max(const struct dnstap_writer *writer, const struct record *record)
{
	const struct record_wire *wire = record->wire;
	size_t frame = FRAME_MAX + writer->lead_length + HEAD_MAX;
	size_t bytes =
		2 * frame + wire->query.length + wire->response.length + POLICY_MAX + extra_max(record);
	for (size_t i = 0; i < wire->forward_count; i++)
		bytes += 2 * frame + wire->forwards[i].query.length + wire->forwards[i].response.length;
	return bytes;
}

size_t dnstap_write(struct dnstap_writer *writer, const struct record *record, uint8_t *out)
{
	const struct record_wire *wire = record->wire;
	struct addr_port client = {record->client, wire->client_port};
	struct exchange asked = {&client,
	                         &wire->server,
	                         (enum protocol)record->protocol,
	                         record->time_wall_us,
	                         record->time_wall_us + record->took_us,
	                         &wire->query,
	                         &wire->response};
	bool dropped = record->dropped_reply;
	uint8_t *at = put_frame(writer, out, CLIENT_QUERY, &asked, dropped ? record : NULL);
	for (size_t i = 0; i < wire->forward_count; i++) {
		const struct record_forward *forward = &wire->forwards[i];
		struct addr_port ours = {.port = forward->port};
		struct exchange hop = {&ours,
		                       &forward->peer,
		                       forward->protocol,
		                       forward->sent_wall_us,
		                       forward->received_wall_us,
		                       &forward->query,
		                       &forward->response};
		at = put_frame(writer, at, FORWARDER_QUERY, &hop, NULL);
		if (forward->received_wall_us)
			at = put_frame(writer, at, FORWARDER_RESPONSE, &hop, NULL);
	}
	if (!dropped)
		at = put_frame(writer, at, CLIENT_RESPONSE, &asked, record);
	return (size_t)(at - out);
}

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

#define POLICY_ROOM (64 + RECORD_RULE_MAX + NAME_TEXT_MAX)

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

static void put_match(struct proto *policy, const struct record_wire *wire)
{
	char text[NAME_TEXT_MAX];
	struct dns_name name;
	switch ((enum record_match)wire->match) {
	case RECORD_MATCH_NONE: return;
	case RECORD_MATCH_NAME:
		proto_varint(policy, P_MATCH, POLICY_QNAME);
		if (dns_name_from_wire(wire->matched, wire->matched_length, 0, false, &name) > 0)
			proto_bytes(policy, P_VALUE, text, dns_name_to_text(&name, text));
		return;
	case RECORD_MATCH_CLIENT: proto_varint(policy, P_MATCH, POLICY_CLIENT_IP); break;
	case RECORD_MATCH_ADDRESS: proto_varint(policy, P_MATCH, POLICY_RESPONSE_IP); break;
	}
	if (wire->matched_length)
		proto_bytes(policy, P_VALUE, wire->matched, wire->matched_length);
}

static void put_policy(struct proto *message, const struct record *record)
{
	static const char type[] = "portafilter";
	uint8_t room[POLICY_ROOM];
	struct proto policy = {.bytes = room, .room = sizeof room};
	if (!record->rule)
		return;
	enum policy_action action = policy_action(record);
	proto_bytes(&policy, P_TYPE, type, sizeof type - 1);
	proto_bytes(&policy, P_RULE, record->rule_name, strlen(record->rule_name));
	if (action != POLICY_NONE)
		proto_varint(&policy, P_ACTION, action);
	put_match(&policy, record->wire);
	proto_message(message, M_POLICY, &policy);
}

/* What dnstap has no field for, as a JSON object. */
static void write_extra(struct buffer *extra, const struct record *record)
{
	extra->length = 0;
	buffer_append(extra, "{\"took_us\":", sizeof "{\"took_us\":" - 1);
	buffer_number(extra, record->took_us);
	json_put_member(extra, "device_id", record->device_id);
	json_put_member(extra, "device", record->device_name);
	json_put_member(extra, "action", action_word(record->action));
	json_put_member(extra, "standing", standing_word(record->standing));
	json_put_member(extra, "confidence", confidence_word(record->confidence));
	json_put_member(extra, "source", record_source_word(record->source));
	json_put_member(extra, "protocol", protocol_word(record->protocol));
	json_put_member(extra, "dnssec", dnssec_word(record->dnssec));
	json_put_member(extra, "reason", record->reason);
	buffer_append(extra, "}", 1);
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

static void put_ends(struct proto *message, const struct exchange *exchange)
{
	const struct addr *from = &exchange->from->addr, *to = &exchange->to->addr;
	uint8_t family = from->family ? from->family : to->family;
	if (family)
		proto_varint(message, M_FAMILY, family == 4 ? FAMILY_INET : FAMILY_INET6);
	proto_varint(message, M_PROTOCOL, socket_protocol(exchange->protocol));
	if (from->family)
		proto_bytes(message, M_QUERY_ADDRESS, from->bytes, addr_length(from));
	if (to->family == family && family)
		proto_bytes(message, M_RESPONSE_ADDRESS, to->bytes, addr_length(to));
	if (exchange->from->port)
		proto_varint(message, M_QUERY_PORT, exchange->from->port);
	if (exchange->to->port)
		proto_varint(message, M_RESPONSE_PORT, exchange->to->port);
}

static void put_time(struct proto *message, unsigned field_sec, int64_t wall_us)
{
	proto_varint(message, field_sec, (uint64_t)(wall_us / 1000000));
	proto_fixed32(message, field_sec + 1, (uint32_t)(wall_us % 1000000 * 1000));
}

static void put_exchange(struct proto *message, enum message_type type,
                         const struct exchange *exchange)
{
	bool answered = type == CLIENT_RESPONSE || type == FORWARDER_RESPONSE;
	proto_varint(message, M_TYPE, type);
	put_ends(message, exchange);
	put_time(message, M_QUERY_SEC, exchange->asked_us);
	if (!answered && exchange->query->bytes)
		proto_bytes(message, M_QUERY, exchange->query->bytes, exchange->query->length);
	if (!answered)
		return;
	put_time(message, M_RESPONSE_SEC, exchange->answered_us);
	if (exchange->response->bytes)
		proto_bytes(message, M_RESPONSE, exchange->response->bytes, exchange->response->length);
}

/* `told`: the record, when its policy and extra belong to this message. */
static int put(struct dnstap_writer *writer, enum message_type type,
               const struct exchange *exchange, const struct record *told,
               int (*keep)(void *data, const void *message, size_t length), void *data)
{
	uint8_t outer[DNSTAP_MESSAGE_MAX], inner[DNSTAP_MESSAGE_MAX];
	struct proto dnstap = {.bytes = outer + 4, .room = sizeof outer - 4};
	struct proto message = {.bytes = inner, .room = sizeof inner};
	put_exchange(&message, type, exchange);
	if (told)
		put_policy(&message, told);
	proto_bytes(&dnstap, F_IDENTITY, writer->identity, strlen(writer->identity));
	proto_bytes(&dnstap, F_VERSION, writer->version, strlen(writer->version));
	if (told) {
		write_extra(&writer->extra, told);
		proto_bytes(&dnstap, F_EXTRA, writer->extra.data, writer->extra.length);
	}
	proto_message(&dnstap, F_MESSAGE, &message);
	proto_varint(&dnstap, F_TYPE, TYPE_MESSAGE);
	if (dnstap.failed || writer->extra.failed)
		return PF_EINVAL;
	dns_write32(outer, (uint32_t)dnstap.length);
	return keep(data, outer, dnstap.length + 4);
}

int dnstap_write(struct dnstap_writer *writer, const struct record *record,
                 int (*keep)(void *data, const void *message, size_t length), void *data)
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
	const struct record *dropped = record->dropped_reply ? record : NULL;
	int result = put(writer, CLIENT_QUERY, &asked, dropped, keep, data);
	for (size_t i = 0; i < wire->forward_count && result == PF_OK; i++) {
		const struct record_forward *forward = &wire->forwards[i];
		struct addr_port ours = {.port = forward->port};
		struct exchange hop = {&ours,
		                       &forward->peer,
		                       forward->tcp ? PROTOCOL_TCP : PROTOCOL_UDP,
		                       forward->sent_wall_us,
		                       forward->received_wall_us,
		                       &forward->query,
		                       &forward->response};
		result = put(writer, FORWARDER_QUERY, &hop, NULL, keep, data);
		if (result == PF_OK && forward->received_wall_us)
			result = put(writer, FORWARDER_RESPONSE, &hop, NULL, keep, data);
	}
	if (result == PF_OK && !record->dropped_reply)
		result = put(writer, CLIENT_RESPONSE, &asked, record, keep, data);
	return result;
}

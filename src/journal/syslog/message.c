/* The message of message.h. */
#include "journal/syslog/message.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "dns/dns.h"

/* RFC 5424, 6.2.1: facility daemon; what a rule has said something about is a notice, the rest for information. */
#define FACILITY_DAEMON 3
#define SEVERITY_NOTICE 5
#define SEVERITY_INFO 6

/* The header, the keys, and each value doubled by escapes. A name's text has at most NAME_TEXT_MAX bytes, of which one in four is a
 * backslash. */
#define DATA_MAX                                                                 \
	(SYSLOG_HOST_MAX + 512 + NAME_TEXT_MAX + NAME_WIRE_MAX + 2 * DEVICE_ID_MAX + \
	 2 * DEVICE_NAME_MAX + 2 * RECORD_RULE_MAX + 2 * RECORD_UPSTREAM_MAX)
static_assert(DATA_MAX < SYSLOG_MESSAGE_MAX, "the structured data is never cut");

struct text {
	char *out;
	size_t length;
};

static void put(struct text *text, const char *bytes)
{
	size_t length = strlen(bytes);
	memcpy(text->out + text->length, bytes, length);
	text->length += length;
}

static char harmless(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f ? '?' : c;
}

/* KEY="VALUE", with the three escapes of RFC 5424, 6.3.3; nothing when it is not known. */
static void put_value(struct text *text, const char *key, const char *value)
{
	if (!value[0])
		return;
	put(text, " ");
	put(text, key);
	put(text, "=\"");
	for (; *value; value++) {
		if (*value == '"' || *value == '\\' || *value == ']')
			text->out[text->length++] = '\\';
		text->out[text->length++] = harmless(*value);
	}
	put(text, "\"");
}

static void put_header(struct text *text, const struct record *record, const char *host,
                       unsigned pid)
{
	char header[SYSLOG_HOST_MAX + 128], time[CLOCK_TEXT_MAX];
	int severity = record->action == ACTION_ALLOW ? SEVERITY_INFO : SEVERITY_NOTICE;
	clock_format(record->time_wall_us, time);
	snprintf(header, sizeof header, "<%d>1 %s %s portafilterd %u query ",
	         FACILITY_DAEMON * 8 + severity, time, host, pid);
	put(text, header);
}

static void put_data(struct text *text, const struct record *record, unsigned enterprise)
{
	char name[NAME_TEXT_MAX], type[DNS_TYPE_TEXT_MAX], rcode[DNS_TYPE_TEXT_MAX] = "DROPPED";
	char client[ADDR_TEXT_MAX], number[32];
	dns_name_to_text(record->name, name);
	dns_type_to_text(record->type, type);
	addr_format(&record->client, client);
	if (!record->dropped_reply)
		dns_rcode_to_text(record->rcode, rcode);
	snprintf(number, sizeof number, "[query@%u", enterprise);
	put(text, number);
	put_value(text, "name", name);
	put_value(text, "type", type);
	put_value(text, "client", client);
	put_value(text, "device", record->device_name);
	put_value(text, "device-id", record->device_id);
	put_value(text, "rcode", rcode);
	put_value(text, "action", action_word(record->action));
	put_value(text, "rule", record->rule_name);
	put_value(text, "standing", standing_word(record->standing));
	put_value(text, "confidence", confidence_word(record->confidence));
	put_value(text, "source", record_source_word(record->source));
	put_value(text, "upstream", record->upstream);
	put_value(text, "protocol", protocol_word(record->protocol));
	put_value(text, "dnssec", dnssec_word(record->dnssec));
	snprintf(number, sizeof number, "%" PRIu32, record->took_us);
	put_value(text, "took-us", number);
	put(text, "]");
}

/* The sentence, in one line; what does not fit is cut before a character, never inside one (UTF-8). */
static void put_sentence(struct text *text, const char *sentence)
{
	size_t room = SYSLOG_MESSAGE_MAX - text->length, length = strlen(sentence);
	if (!length || room < 2)
		return;
	text->out[text->length++] = ' ';
	if (length > room - 1)
		for (length = room - 1; length && (sentence[length] & 0xc0) == 0x80;)
			length--;
	for (size_t i = 0; i < length; i++)
		text->out[text->length++] = harmless(sentence[i]);
}

void syslog_host(const char *name, char host[SYSLOG_HOST_MAX])
{
	size_t length = 0;
	for (; *name > ' ' && *name < 0x7f && length < SYSLOG_HOST_MAX - 1; name++)
		host[length++] = *name;
	if (!length)
		host[length++] = '-';
	host[length] = '\0';
}

size_t syslog_write(const struct record *record, const char *host, unsigned pid,
                    unsigned enterprise, char out[SYSLOG_MESSAGE_MAX])
{
	struct text text = {.out = out};
	put_header(&text, record, host, pid);
	put_data(&text, record, enterprise);
	put_sentence(&text, record->reason);
	return text.length;
}

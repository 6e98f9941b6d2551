/* Settings of unbound that name domains: local-zone and local-data. */
#include <string.h>

#include "dns/dns.h"
#include "dns/rdata.h"
#include "lists/part.h"

#define VALUE_BYTES_MAX 1024

/* What becomes of a zone's names. */
static const struct zone_type {
	const char *word;
	bool excepts;
	enum reply_kind reply;
} zone_types[] = {
	{"always_nxdomain", false, REPLY_NXDOMAIN},
	{"static", false, REPLY_NXDOMAIN},
	{"always_null", false, REPLY_NULL},
	{"redirect", false, REPLY_NODATA}, /* what local-data says; without any there is none */
	{"inform_redirect", false, REPLY_NODATA},
	{"always_nodata", false, REPLY_NODATA},
	{"block_a", false, REPLY_NODATA}, /* of type A only */
	{"refuse", false, REPLY_REFUSED},
	{"always_refuse", false, REPLY_REFUSED},
	{"deny", false, REPLY_DROP},
	{"inform_deny", false, REPLY_DROP},
	{"always_deny", false, REPLY_DROP},
	{"transparent", true, REPLY_NULL},
	{"typetransparent", true, REPLY_NULL},
	{"always_transparent", true, REPLY_NULL},
	{"nodefault", true, REPLY_NULL},
	{"inform", true, REPLY_NULL},
	{"noview", true, REPLY_NULL},
};

bool line_is_unbound(struct part part)
{
	static const char *const words[] = {
		"local-zone:",      "local-data:",          "local-data-ptr:", "local-zone-tag:",
		"server:",          "local-zone-override:", "include:",        "private-domain:",
		"domain-insecure:", "local-zone-default:",
	};
	if (!memchr(part.at, ':', part_length(part)))
		return false;
	for (size_t i = 0; i < PF_COUNT(words); i++)
		if (part_starts(part, words[i]))
			return true;
	return false;
}

/* A value with quotes around it or without; `from` then stands behind it. */
static struct part take_value(struct part *from)
{
	*from = part_trim(*from);
	if (!part_length(*from) || (*from->at != '"' && *from->at != '\''))
		return part_take_word(from);
	char quote = *from->at++;
	return part_take_until(from, quote);
}

static void read_zone(struct line *line, struct line_item *item, struct part rest)
{
	struct part name = take_value(&rest), word = take_value(&rest);
	struct terms *terms = &line->terms;
	const struct zone_type *type = NULL;
	for (size_t i = 0; i < PF_COUNT(zone_types) && !type; i++)
		if (part_is(word, zone_types[i].word))
			type = &zone_types[i];
	if (!type || part_length(part_trim(rest))) {
		item_skip(item, type ? SKIP_SYNTAX : SKIP_SETTING);
		return;
	}
	terms_init(terms);
	terms->nearest = type->excepts;
	terms->has_reply = !type->excepts;
	terms->reply = type->reply;
	if (part_is(word, "block_a")) {
		terms->types[0].type = DNS_TYPE_A;
		terms->types[0].negated = false;
		terms->type_count = 1;
	}
	item->gathers = part_is(word, "redirect") || part_is(word, "inform_redirect");
	item->terms = terms;
	item->covers = COVERS_ALL | (type->excepts ? LIST_EXCEPTION : 0);
	item_name(item, name);
}

static bool is_number(struct part part)
{
	const char *at = part.at;
	while (at < part.end && *at >= '0' && *at <= '9')
		at++;
	return part_length(part) && at == part.end;
}

/* "name [TTL] [IN] type data" */
static void read_data(struct line *line, struct line_item *item, struct part rest)
{
	struct part record = take_value(&rest);
	struct part name = part_take_word(&record), word = part_take_word(&record);
	uint8_t rdata[RDATA_BYTES_MAX];
	char text[VALUE_BYTES_MAX], type_text[DNS_TYPE_TEXT_MAX];
	while (is_number(word) || part_is(word, "IN"))
		word = part_take_word(&record);
	record = part_trim(record);
	if (part_length(part_trim(rest)) || !part_length(word) ||
	    part_length(word) >= sizeof type_text || part_length(record) >= sizeof text ||
	    memchr(record.at, '\0', part_length(record))) {
		item_skip(item, SKIP_SYNTAX);
		return;
	}
	memcpy(type_text, word.at, part_length(word));
	type_text[part_length(word)] = '\0';
	memcpy(text, record.at, part_length(record));
	text[part_length(record)] = '\0';
	int type = dns_type_from_text(type_text);
	int length = type < 0 ? type : rdata_from_text((uint16_t)type, text, rdata);
	terms_init(&line->terms);
	if (length < 0 ||
	    terms_add_record(&line->terms, (uint16_t)type, rdata, (size_t)length) != PF_OK) {
		item_skip(item, SKIP_RECORD);
		return;
	}
	item->gathers = true;
	item->terms = &line->terms;
	item->covers = LIST_COVERS_SELF;
	item_name(item, name);
}

void line_read_unbound(struct line *line, struct line_item *item, struct part part)
{
	struct part rest = part;
	struct part word = part_take_until(&rest, ':');
	if (part_is(word, "local-zone"))
		read_zone(line, item, rest);
	else if (part_is(word, "local-data"))
		read_data(line, item, rest);
	else if (part_is(word, "server"))
		item->kind = ITEM_COMMENT;
	else
		item_skip(item, SKIP_SETTING);
}

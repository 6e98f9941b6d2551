/* The reader of zone.h. */
#include "lists/zone.h"

#include <string.h>

#include "dns/dns.h"
#include "dns/rdata.h"
#include "lists/entry_name.h"
#include "lists/part.h"

#define WORD_BYTES_MAX 1100 /* a name of 253 bytes, each as \DDD */

void zone_reader_init(struct zone_reader *zone)
{
	zone->has_origin = zone->has_apex = zone->has_owner = false;
	zone->owner_is_bad = zone->owner_outside = zone->too_long = false;
	zone->depth = 0;
	zone->length = 0;
}

/* ---- lines into records -------------------------------------------------------------------- */

/* Copies a line behind what is there: without its comment, with blanks for the parentheses. */
static void join(struct zone_reader *zone, struct part part)
{
	bool quoted = false;
	for (; part.at < part.end; part.at++) {
		char c = *part.at;
		if (zone->length == sizeof zone->joined) {
			zone->too_long = true;
			return;
		}
		if (c == '\\' && part.at + 1 < part.end) {
			zone->joined[zone->length++] = c;
			c = *++part.at;
			if (zone->length == sizeof zone->joined)
				continue;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (!quoted && c == ';') {
			return;
		} else if (!quoted && (c == '(' || c == ')')) {
			if (c == '(')
				zone->depth++;
			else if (zone->depth)
				zone->depth--;
			c = ' ';
		}
		zone->joined[zone->length++] = c;
	}
}

/* ---- names --------------------------------------------------------------------------------- */

/* A name as it is written; `absolute`: it ends with a dot. */
static bool read_text(struct part word, struct dns_name *name, bool *absolute)
{
	char text[WORD_BYTES_MAX];
	size_t length = part_length(word);
	*absolute = length && word.end[-1] == '.' && (length < 2 || word.end[-2] != '\\');
	if (!length || length >= sizeof text || memchr(word.at, '\0', length))
		return false;
	memcpy(text, word.at, length);
	text[length] = '\0';
	if (dns_name_from_text(text, name) == PF_OK)
		return true;
	return entry_name_read(word.at, length, name) < 0; /* Unicode */
}

static bool append(struct dns_name *name, const struct dns_name *tail)
{
	if (name->length - 1u + tail->length > NAME_WIRE_MAX)
		return false;
	memcpy(name->wire + name->length - 1, tail->wire, tail->length);
	name->length = (uint8_t)(name->length - 1 + tail->length);
	name->labels = (uint8_t)(name->labels + tail->labels);
	return true;
}

/* The name in full, as far as the origin is known. */
static bool read_name(const struct zone_reader *zone, struct part word, struct dns_name *name)
{
	static const struct dns_name root = {.length = 1};
	bool absolute;
	if (part_is(word, "@")) {
		*name = zone->has_origin ? zone->origin : root;
		return true;
	}
	if (!read_text(word, name, &absolute))
		return false;
	return absolute || !zone->has_origin || append(name, &zone->origin);
}

/* Takes the zone's name off. */
static bool make_relative(const struct zone_reader *zone, struct dns_name *name)
{
	if (!zone->has_apex)
		return true;
	if (!dns_name_is_under(name, &zone->apex))
		return false;
	name->labels = (uint8_t)(name->labels - zone->apex.labels);
	name->length = (uint8_t)(name->length - zone->apex.length + 1);
	name->wire[name->length - 1] = 0;
	return true;
}

/* ---- records ------------------------------------------------------------------------------- */

static bool is_ttl(struct part word)
{
	if (word.at == word.end || *word.at < '0' || *word.at > '9')
		return false;
	for (const char *at = word.at; at < word.end; at++)
		if (!(*at >= '0' && *at <= '9') && !strchr("smhdwSMHDW", *at))
			return false;
	return true;
}

static int read_type(struct part word)
{
	char text[DNS_TYPE_TEXT_MAX];
	if (!part_length(word) || part_length(word) >= sizeof text)
		return PF_EINVAL;
	memcpy(text, word.at, part_length(word));
	text[part_length(word)] = '\0';
	return memchr(text, '\0', part_length(word)) ? PF_EINVAL : dns_type_from_text(text);
}

/* "[TTL] [IN] type", in any order; the data is left in `rest`. */
static int take_type(struct part *rest)
{
	struct part word = part_take_word(rest);
	for (int i = 0; i < 2 && (is_ttl(word) || part_is(word, "IN")); i++)
		word = part_take_word(rest);
	*rest = part_trim(*rest);
	return read_type(word);
}

static int read_data(const struct zone_reader *zone, uint16_t type, struct part rest,
                     uint8_t rdata[RDATA_BYTES_MAX])
{
	char text[LIST_LINE_BYTES_MAX + 1];
	if (type == DNS_TYPE_CNAME) {
		struct dns_name target;
		struct part word = part_take_word(&rest);
		if (part_length(part_trim(rest)) || !read_name(zone, word, &target))
			return PF_EINVAL;
		memcpy(rdata, target.wire, target.length);
		return target.length;
	}
	if (memchr(rest.at, '\0', part_length(rest)))
		return PF_EINVAL;
	memcpy(text, rest.at, part_length(rest));
	text[part_length(rest)] = '\0';
	return rdata_from_text(type, text, rdata);
}

static void take_owner(struct zone_reader *zone, struct part word, bool is_soa)
{
	struct dns_name name;
	zone->has_owner = true;
	zone->owner_outside = false;
	zone->owner_is_bad = !read_name(zone, word, &name);
	if (zone->owner_is_bad)
		return;
	/* Without an origin an absolute owner of the SOA is the first that names the zone. */
	if (is_soa && (zone->has_origin || word.end[-1] == '.') && !part_is(word, "@")) {
		zone->apex = name;
		zone->has_apex = name.labels > 0;
	} else if (is_soa && zone->has_origin) {
		zone->apex = zone->origin;
		zone->has_apex = zone->apex.labels > 0;
	}
	zone->owner_outside = !make_relative(zone, &name);
	zone->owner = name;
}

static void read_record(struct zone_reader *zone, struct part part, struct line_item *item)
{
	struct part rest = part, owner = {part.at, part.at};
	uint8_t rdata[RDATA_BYTES_MAX];
	bool owner_given = !part_blank(*part.at);
	if (owner_given)
		owner = part_take_word(&rest);
	int type = take_type(&rest);
	if (owner_given)
		take_owner(zone, owner, type == DNS_TYPE_SOA);
	item->gathers = true;
	item->terms = NULL;
	if (!zone->has_owner || zone->owner_is_bad || type < 0) {
		item_skip(item, SKIP_RECORD);
		return;
	}
	if (zone->owner_outside) {
		item_skip(item, SKIP_OUT_OF_ZONE);
		return;
	}
	struct rpz_record record = {.owner = &zone->owner, .type = (uint16_t)type, .rdata = rdata};
	if (type != DNS_TYPE_SOA && zone->owner.labels) {
		int length = read_data(zone, (uint16_t)type, rest, rdata);
		if (length < 0) {
			item_skip(item, SKIP_RECORD);
			return;
		}
		record.rdata_length = (size_t)length;
	} else if (type == DNS_TYPE_SOA) {
		item->kind = ITEM_COMMENT;
		return;
	}
	rpz_read(&record, &zone->terms, item);
}

static void read_directive(struct zone_reader *zone, struct part part, struct line_item *item)
{
	struct part rest = part, word = part_take_word(&rest), value = part_take_word(&rest);
	struct dns_name name;
	if (part_is(word, "$TTL")) {
		item->kind = ITEM_COMMENT;
	} else if (part_is(word, "$ORIGIN") && read_name(zone, value, &name)) {
		item->kind = ITEM_COMMENT;
		zone->origin = name;
		zone->has_origin = true;
		if (!zone->has_apex && name.labels) {
			zone->apex = name;
			zone->has_apex = true;
		}
	} else {
		item_skip(item, part_is(word, "$ORIGIN") ? SKIP_SYNTAX : SKIP_SETTING);
	}
}

bool zone_read_line(struct zone_reader *zone, const char *text, size_t length,
                    struct line_item *item)
{
	item->gathers = false;
	item->terms = NULL;
	item->covers = 0;
	item->trigger = TRIGGER_NAME;
	join(zone, (struct part){text, text + length});
	if (zone->depth && !zone->too_long)
		return false;
	struct part part = {zone->joined, zone->joined + zone->length};
	bool too_long = zone->too_long;
	zone->length = zone->depth = 0;
	zone->too_long = false;
	while (part.at < part.end && part_blank(part.end[-1]))
		part.end--;
	if (too_long)
		item_skip(item, SKIP_TOO_LONG);
	else if (part.at == part.end)
		item->kind = ITEM_COMMENT;
	else if (*part.at == '$')
		read_directive(zone, part, item);
	else
		read_record(zone, part, item);
	return true;
}

/* For detection: "$TTL 60", "@ IN SOA …", "a.example 60 IN CNAME .". */
bool line_is_zone(struct part part)
{
	static const char *const types[] = {"CNAME", "A", "AAAA", "TXT", "SOA", "NS", "MX"};
	if (part_starts(part, "$TTL") || part_starts(part, "$ORIGIN"))
		return true;
	struct part rest = part;
	part_take_word(&rest);
	struct part word = part_take_word(&rest);
	for (int i = 0; i < 2 && (is_ttl(word) || part_is(word, "IN")); i++)
		word = part_take_word(&rest);
	for (size_t i = 0; i < PF_COUNT(types); i++)
		if (part_is(word, types[i]) && part_length(part_trim(rest)))
			return true;
	return false;
}

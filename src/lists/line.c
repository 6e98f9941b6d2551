/* The reader of line.h. */
#define _GNU_SOURCE /* memmem */
#include "lists/line.h"

#include <string.h>

#include "lists/entry_name.h"

#define COVERS_ALL (LIST_COVERS_SELF | LIST_COVERS_BELOW)

/* A piece of the line. */
struct part {
	const char *at, *end;
};

static size_t part_length(struct part part)
{
	return (size_t)(part.end - part.at);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static struct part trim(struct part part)
{
	while (part.at < part.end && is_blank(*part.at))
		part.at++;
	while (part.at < part.end && is_blank(part.end[-1]))
		part.end--;
	return part;
}

static bool starts(struct part part, const char *with)
{
	size_t length = strlen(with);
	return part_length(part) >= length && !memcmp(part.at, with, length);
}

static const char *find(struct part part, const char *what)
{
	return memmem(part.at, part_length(part), what, strlen(what));
}

/* Up to the next blank; `from` then stands behind it. */
static struct part take_word(struct part *from)
{
	*from = trim(*from);
	struct part word = {from->at, from->at};
	while (word.end < from->end && !is_blank(*word.end))
		word.end++;
	from->at = word.end;
	return word;
}

/* "a.example  # why": the comment begins behind a blank, so that ## of cosmetic rules stays. */
static struct part cut_comment(struct part part)
{
	for (const char *at = part.at; (at = memchr(at, '#', (size_t)(part.end - at))); at++)
		if (at > part.at && is_blank(at[-1])) {
			part.end = at;
			return trim(part);
		}
	return part;
}

/* Where in the line a rule for browsers divides sites from what to hide; NULL when it is none. */
static const char *cosmetic_mark(struct part part)
{
	static const char *const marks[] = {"##", "#@#", "#?#", "#$#", "#%#", "#@?#", "#@$#", "#@%#"};
	if (!memchr(part.at, '#', part_length(part))) /* nearly always */
		return NULL;
	for (size_t i = 0; i < PF_COUNT(marks); i++) {
		const char *mark = find(part, marks[i]);
		if (mark)
			return mark;
	}
	return NULL;
}

/* "##.banner" and "###banner", but neither "## text" nor "#### text ####". */
static bool is_bare_cosmetic(struct part part)
{
	if (cosmetic_mark(part) != part.at)
		return false;
	const char *at = part.at;
	while (at < part.end && strchr("#@?$%", *at) && *at)
		at++;
	return at - part.at <= 4 && at < part.end && !is_blank(*at);
}

/* Which addresses stand before the names of a hosts file that blocks. */
static bool is_sink(const struct addr *addr)
{
	static const uint8_t unspecified[16], loopback[16] = {[15] = 1};
	if (addr->family == 4)
		return addr->bytes[0] == 127 || !memcmp(addr->bytes, unspecified, 4);
	return !memcmp(addr->bytes, unspecified, 16) || !memcmp(addr->bytes, loopback, 16);
}

/* An address and at least one word behind it. */
static bool is_hosts(struct part part, bool *elsewhere)
{
	/* No name begins with ':' and few with a digit: most lines are spared the parser. */
	static const char begins[] = "0123456789:abcdefABCDEF";
	if (!memchr(begins, *part.at, sizeof begins - 1))
		return false;
	struct part rest = part;
	struct part word = take_word(&rest);
	struct addr addr;
	if (!part_length(trim(rest)))
		return false;
	if (!entry_name_is_address(word.at, part_length(word), &addr))
		return false;
	*elsewhere = !is_sink(&addr);
	return true;
}

static enum line_form form_of(struct part part, enum list_format format, bool *elsewhere)
{
	*elsewhere = false;
	if (!part_length(part) || *part.at == '!')
		return LINE_COMMENT;
	if (*part.at == '#')
		return format == LIST_FORMAT_ADBLOCK && is_bare_cosmetic(part) ? LINE_ADBLOCK
		                                                               : LINE_COMMENT;
	if (*part.at == '[' && part.end[-1] == ']')
		return LINE_HEADER;
	if (*part.at == '|' || starts(part, "@@") || cosmetic_mark(part))
		return LINE_ADBLOCK;
	return is_hosts(part, elsewhere) ? LINE_HOSTS : LINE_PLAIN;
}

void line_init(struct line *line, const char *text, size_t length, enum list_format format)
{
	struct part part = cut_comment(trim((struct part){text, text + length}));
	*line = (struct line){.at = part.at, .end = part.end, .format = format};
	line->form = form_of(part, format, &line->elsewhere);
}

static void skip(struct line_item *item, enum list_skip reason)
{
	item->kind = ITEM_SKIP;
	item->reason = reason;
}

static void read_name(struct line_item *item, struct part part)
{
	int reason = entry_name_read(part.at, part_length(part), &item->name);
	item->kind = ITEM_NAME;
	if (reason >= 0)
		skip(item, (enum list_skip)reason);
}

/* A name with a "*." or "." before it; `plain` is what it covers without. */
static void read_pattern(struct line_item *item, struct part part, uint8_t plain)
{
	uint8_t covers = plain;
	if (starts(part, "*.")) {
		part.at += 2;
		covers = LIST_COVERS_BELOW;
	} else if (starts(part, ".")) {
		part.at++;
		covers = COVERS_ALL;
	}
	item->covers |= covers;
	read_name(item, part);
}

static void read_plain(struct line_item *item, struct part part, enum list_format format)
{
	if (starts(part, "/")) {
		bool closed = part_length(part) > 1 && part.end[-1] == '/';
		skip(item, closed || find(part, "/$") ? SKIP_REGEX : SKIP_COSMETIC);
		return;
	}
	struct part rest = part;
	struct part word = take_word(&rest);
	if (part_length(trim(rest))) {
		enum list_skip reason = entry_name_blame(part.at, part_length(part));
		skip(item, reason == SKIP_REGEX ? reason : SKIP_SYNTAX);
		return;
	}
	if (entry_name_is_local(word.at, part_length(word))) {
		skip(item, SKIP_LOCAL_NAME);
		return;
	}
	read_pattern(item, word, format == LIST_FORMAT_HOSTS ? LIST_COVERS_SELF : COVERS_ALL);
}

/* Only `$important`: it makes a rule stronger than exceptions of other lists, and ours never reach those. */
static bool modifiers_known(struct part modifiers)
{
	static const char known[] = "important";
	while (modifiers.at <= modifiers.end) {
		const char *comma = memchr(modifiers.at, ',', part_length(modifiers));
		struct part one = trim((struct part){modifiers.at, comma ? comma : modifiers.end});
		if (part_length(one) != sizeof known - 1 || memcmp(one.at, known, sizeof known - 1) != 0)
			return false;
		if (!comma)
			break;
		modifiers.at = comma + 1;
	}
	return true;
}

static void read_adblock(struct line_item *item, struct part part)
{
	if (cosmetic_mark(part)) {
		skip(item, SKIP_COSMETIC);
		return;
	}
	if (starts(part, "@@")) {
		part.at += 2;
		item->covers = LIST_EXCEPTION;
	}
	if (!starts(part, "|")) {
		/* A text anywhere in an address, as browsers match it. */
		skip(item, starts(part, "/") ? SKIP_REGEX : SKIP_SYNTAX);
		return;
	}
	bool below = starts(part, "||");
	part.at += below ? 2 : 1;

	const char *dollar = memchr(part.at, '$', part_length(part));
	const char *slash = memchr(part.at, '/', part_length(part));
	if (slash && (!dollar || slash < dollar)) {
		skip(item, SKIP_COSMETIC);
		return;
	}
	if (dollar) {
		if (!modifiers_known((struct part){dollar + 1, part.end})) {
			skip(item, SKIP_MODIFIER);
			return;
		}
		part.end = dollar;
	}
	bool closed = false; /* by ^ or |: nothing may follow */
	while (part.at < part.end && (part.end[-1] == '^' || part.end[-1] == '|')) {
		part.end--;
		closed = true;
	}
	if (!closed && part_length(part) && part.end[-1] == '.') {
		skip(item, SKIP_WILDCARD); /* "||ads." means any name that begins so */
		return;
	}
	read_pattern(item, part, below ? COVERS_ALL : LIST_COVERS_SELF);
}

static void read_host(struct line_item *item, struct part word, bool elsewhere)
{
	struct addr addr;
	if (entry_name_is_local(word.at, part_length(word)))
		skip(item, SKIP_LOCAL_NAME);
	else if (entry_name_is_address(word.at, part_length(word), &addr) && is_sink(&addr))
		skip(item, SKIP_LOCAL_NAME); /* "0.0.0.0 0.0.0.0" stands in many a preamble */
	else if (elsewhere)
		skip(item, SKIP_ADDRESS); /* it says where a name is, not that it is unwanted */
	else
		read_name(item, word);
	item->covers = LIST_COVERS_SELF;
}

bool line_next(struct line *line, struct line_item *item)
{
	bool first = !line->begun;
	struct part part = {line->at, line->end};
	line->begun = true;
	item->covers = 0;
	if (line->form == LINE_HOSTS) {
		if (first)
			take_word(&part);
		struct part word = take_word(&part);
		line->at = part.at;
		if (!part_length(word))
			return false;
		read_host(item, word, line->elsewhere);
		return true;
	}
	if (!first)
		return false;
	switch (line->form) {
	case LINE_COMMENT:
	case LINE_HEADER: item->kind = ITEM_COMMENT; break;
	case LINE_ADBLOCK: read_adblock(item, part); break;
	default: read_plain(item, part, line->format); break;
	}
	return true;
}

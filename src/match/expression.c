/* The reader of expression.h: recursive descent; what is repeated is read again, so that each copy has positions of its own. */
#include "match/expression.h"

#include <ctype.h>
#include <string.h>

#define DEPTH_MAX 16
#define ATOMS_MAX 2048 /* read, copies included */
#define REPEAT_MAX 250
#define UNBOUNDED 1000

struct reader {
	struct expression *out;
	const char *at;
	unsigned depth, atoms;
	bool failed;
};

/* A piece of the expression, and what must be in its text. */
struct piece {
	bool nullable;
	struct position_set first, last;
	bool exact; /* it is one text only: needles.list[0], which may be empty */
	struct needles needles;
};

/* ---- sets ---------------------------------------------------------------------------------- */

static void add_all(struct position_set *to, const struct position_set *from)
{
	for (size_t i = 0; i < 4; i++)
		to->words[i] |= from->words[i];
}

static void connect(struct expression *out, const struct position_set *from,
                    const struct position_set *to)
{
	for (unsigned word = 0; word < 4; word++)
		for (uint64_t bits = from->words[word]; bits; bits &= bits - 1)
			add_all(&out->follow[word * 64 + (unsigned)__builtin_ctzll(bits)], to);
}

static void add_byte(struct byte_set *set, uint8_t byte)
{
	set->words[byte / 64] |= (uint64_t)1 << byte % 64;
}

/* Letter case does not count: texts are in lower case. */
static void add_range(struct byte_set *set, uint8_t from, uint8_t to)
{
	for (unsigned byte = from; byte <= to; byte++)
		add_byte(set, byte < 128 ? (uint8_t)tolower((int)byte) : (uint8_t)byte);
}

/* The two bytes around a text are none of it. */
static void invert(struct byte_set *set)
{
	for (size_t i = 0; i < 4; i++)
		set->words[i] = ~set->words[i];
	set->words[0] &= ~((uint64_t)1 << TEXT_BEGIN | (uint64_t)1 << TEXT_END);
}

static unsigned count_bytes(const struct byte_set *set)
{
	unsigned count = 0;
	for (size_t i = 0; i < 4; i++)
		count += (unsigned)__builtin_popcountll(set->words[i]);
	return count;
}

/* ---- needles ------------------------------------------------------------------------------- */

static unsigned shortest(const struct needles *needles)
{
	unsigned length = needles->count ? EXPRESSION_NEEDLE_BYTES_MAX : 0;
	for (unsigned i = 0; i < needles->count; i++)
		length = needles->list[i].length < length ? needles->list[i].length : length;
	return length;
}

static void copy_needles(struct needles *to, const struct needles *from)
{
	to->count = from->count;
	memcpy(to->list, from->list, from->count * sizeof *from->list);
}

static void take_better(struct needles *best, const struct needles *other)
{
	unsigned length = shortest(other), now = shortest(best);
	if (length > now || (length == now && length && other->count < best->count))
		copy_needles(best, other);
}

static void needles_of_text(struct needles *needles, const char *bytes, size_t length)
{
	needles->count = 1;
	needles->list[0].length = (uint8_t)length;
	memcpy(needles->list[0].bytes, bytes, length);
}

/* One or the other. */
static void join_needles(struct needles *needles, const struct needles *other)
{
	if (!needles->count || !other->count ||
	    needles->count + other->count > EXPRESSION_NEEDLES_MAX) {
		needles->count = 0;
		return;
	}
	memcpy(needles->list + needles->count, other->list, other->count * sizeof *other->list);
	needles->count += other->count;
}

/* ---- putting together ---------------------------------------------------------------------- */

static void make_empty(struct piece *piece)
{
	memset(piece, 0, offsetof(struct piece, needles));
	piece->nullable = piece->exact = true;
	needles_of_text(&piece->needles, "", 0);
}

/* A sequence on its way; `run` is the text that it ends with for certain. */
struct sequence {
	struct piece piece;
	struct needle run;
};

static void append(struct reader *reader, struct sequence *sequence, const struct piece *next)
{
	struct piece *piece = &sequence->piece;
	struct needle *run = &sequence->run;
	connect(reader->out, &piece->last, &next->first);
	if (piece->nullable)
		add_all(&piece->first, &next->first);
	if (!next->nullable)
		memset(&piece->last, 0, sizeof piece->last);
	add_all(&piece->last, &next->last);
	piece->nullable &= next->nullable;
	const struct needle *more = &next->needles.list[0];
	if (next->exact && run->length + more->length <= EXPRESSION_NEEDLE_BYTES_MAX) {
		memcpy(run->bytes + run->length, more->bytes, more->length);
		run->length = (uint8_t)(run->length + more->length);
	} else {
		piece->exact = false;
		if (next->exact)
			*run = *more; /* the run is full: another begins */
		else
			run->length = 0;
		take_better(&piece->needles, &next->needles);
	}
	struct needles whole;
	needles_of_text(&whole, run->bytes, run->length);
	if (piece->exact)
		copy_needles(&piece->needles, &whole);
	else
		take_better(&piece->needles, &whole);
}

static void begin_sequence(struct sequence *sequence)
{
	make_empty(&sequence->piece);
	sequence->run.length = 0;
}

static void make_position(struct reader *reader, const struct byte_set *bytes, struct piece *piece)
{
	struct expression *out = reader->out;
	make_empty(piece);
	if (out->count == EXPRESSION_POSITIONS_MAX || !count_bytes(bytes)) {
		reader->failed = true;
		return;
	}
	unsigned position = out->count++;
	out->bytes[position] = *bytes;
	memset(&out->follow[position], 0, sizeof out->follow[position]);
	piece->nullable = false;
	piece->first.words[position / 64] = (uint64_t)1 << position % 64;
	piece->last = piece->first;
	piece->exact = count_bytes(bytes) == 1;
	piece->needles.count = piece->exact;
	for (unsigned word = 0; piece->exact && word < 4; word++)
		if (bytes->words[word]) {
			char text = (char)(word * 64 + (unsigned)__builtin_ctzll(bytes->words[word]));
			needles_of_text(&piece->needles, &text, 1);
		}
}

/* ---- classes ------------------------------------------------------------------------------- */

static bool add_named(struct byte_set *set, char name)
{
	switch (name) {
	case 'w':
		add_range(set, 'a', 'z');
		add_byte(set, '_');
		add_range(set, '0', '9');
		return true;
	case 'd': add_range(set, '0', '9'); return true;
	case 's':
		add_byte(set, ' ');
		add_range(set, '\t', '\r');
		return true;
	default: return false;
	}
}

/* "[:alpha:]" inside of a class. */
static bool read_posix(struct reader *reader, struct byte_set *set)
{
	static const struct {
		const char *text;
		int (*is)(int);
	} classes[] = {{"[:alpha:]", isalpha}, {"[:digit:]", isdigit},  {"[:alnum:]", isalnum},
	               {"[:space:]", isspace}, {"[:lower:]", isalpha},  {"[:upper:]", isalpha},
	               {"[:punct:]", ispunct}, {"[:xdigit:]", isxdigit}};
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
		size_t length = strlen(classes[i].text);
		if (strncmp(reader->at, classes[i].text, length) != 0)
			continue;
		for (int byte = 3; byte < 128; byte++)
			if (classes[i].is(byte))
				add_range(set, (uint8_t)byte, (uint8_t)byte);
		reader->at += length;
		return true;
	}
	return false;
}

/* One byte of a class or an escaped one; -1 when it is none, or a class of its own that went into `set`. */
static int read_member(struct reader *reader, struct byte_set *set)
{
	unsigned char c = (unsigned char)*reader->at;
	if (c == '[' && strchr(":.=", reader->at[1])) {
		reader->failed |= !read_posix(reader, set);
		return -1;
	}
	if (c != '\\') {
		reader->failed |= c < ' ' || c > 126;
		reader->at += !reader->failed;
		return c;
	}
	c = (unsigned char)reader->at[1];
	bool named = add_named(set, (char)c);
	if (!named && (c < ' ' || isalnum(c) || c > 126))
		reader->failed = true;
	else
		reader->at += 2;
	return named ? -1 : c;
}

static void read_class(struct reader *reader, struct piece *piece)
{
	struct byte_set set = {{0}};
	bool negated = *reader->at == '^';
	reader->at += negated;
	for (bool first = true; !reader->failed && (first || *reader->at != ']'); first = false) {
		int from = read_member(reader, &set), to = from;
		if (*reader->at == '-' && reader->at[1] != ']') {
			reader->at++;
			to = from < 0 ? -1 : read_member(reader, &set);
			reader->failed |= to < from || to < 0;
		}
		if (from >= 0 && !reader->failed)
			add_range(&set, (uint8_t)from, (uint8_t)to);
	}
	reader->at += !reader->failed;
	if (negated)
		invert(&set);
	if (!reader->failed)
		make_position(reader, &set, piece);
}

/* ---- atoms --------------------------------------------------------------------------------- */

static void read_alternatives(struct reader *reader, struct piece *piece);

static void read_group(struct reader *reader, struct piece *piece)
{
	if (reader->at[0] == '?' && reader->at[1] == ':')
		reader->at += 2;
	else if (*reader->at == '?' || *reader->at == '*' || reader->depth == DEPTH_MAX)
		reader->failed = true;
	if (reader->failed)
		return;
	reader->depth++;
	read_alternatives(reader, piece);
	reader->depth--;
	if (*reader->at == ')')
		reader->at++;
	else
		reader->failed = true;
}

static void read_escaped(struct reader *reader, struct piece *piece)
{
	struct byte_set set = {{0}};
	unsigned char c = (unsigned char)*reader->at;
	reader->at += c != 0;
	if (c && strchr("WDS", c)) {
		add_named(&set, (char)tolower(c));
		invert(&set);
	} else if (!add_named(&set, (char)c)) {
		reader->failed |= c <= ' ' || c > 126 || isalnum(c);
		add_byte(&set, c);
	}
	if (!reader->failed)
		make_position(reader, &set, piece);
}

static void read_atom(struct reader *reader, struct piece *piece)
{
	struct byte_set set = {{0}};
	unsigned char c = (unsigned char)*reader->at++;
	make_empty(piece);
	reader->failed |= ++reader->atoms > ATOMS_MAX;
	if (reader->failed)
		return;
	switch (c) {
	case '(': read_group(reader, piece); return;
	case '[': read_class(reader, piece); return;
	case '\\': read_escaped(reader, piece); return;
	case '^': add_byte(&set, TEXT_BEGIN); break;
	case '$': add_byte(&set, TEXT_END); break;
	case '.':
		add_byte(&set, '\n');
		invert(&set);
		break;
	default:
		reader->failed |= c < ' ' || c > 126 || strchr("*+?{}]", (char)c);
		add_range(&set, c, c);
		break;
	}
	if (!reader->failed)
		make_position(reader, &set, piece);
}

/* ---- repetitions --------------------------------------------------------------------------- */

static bool read_number(const char **at, unsigned *number)
{
	const char *from = *at;
	for (*number = 0; isdigit((unsigned char)**at) && *number <= REPEAT_MAX; ++*at)
		*number = *number * 10 + (unsigned)(**at - '0');
	return *at > from && *number <= REPEAT_MAX;
}

/* "*", "+?", "{2,5}"; true when there is one. */
static bool read_repeat(struct reader *reader, unsigned *min, unsigned *max)
{
	const char *at = reader->at;
	*min = *max = 1;
	if (!*at || !strchr("*+?{", *at))
		return false;
	*min = *at == '+';
	*max = *at == '?' ? 1 : UNBOUNDED;
	if (*at++ == '{') {
		reader->failed |= !read_number(&at, min);
		*max = *min;
		if (*at == ',') {
			at++;
			*max = UNBOUNDED;
			if (*at != '}')
				reader->failed |= !read_number(&at, max);
		}
		reader->failed |= *at != '}' || *max < *min || !*max;
		at += !reader->failed;
	}
	if (*at == '?')
		at++; /* as few as possible: whether it matches is the same */
	reader->failed |= *at && strchr("*+?{", *at);
	reader->at = at;
	return true;
}

/* One copy more, from the text of the atom. */
static void read_copy(struct reader *reader, const char *atom, struct piece *piece)
{
	const char *end = reader->at;
	reader->at = atom;
	read_atom(reader, piece);
	reader->at = end;
}

static void make_optional(struct piece *piece)
{
	piece->nullable = true;
	piece->exact = false;
	piece->needles.count = 0;
}

/* Copies that may be there, each only behind the one before: x{0,3} is (x(x(x)?)?)?. */
static void append_optional(struct reader *reader, struct sequence *sequence, const char *atom,
                            struct piece *copy, unsigned count)
{
	struct piece chain = *copy;
	for (unsigned i = 1; i < count && !reader->failed; i++) {
		struct position_set before = copy->last;
		read_copy(reader, atom, copy);
		connect(reader->out, &before, &copy->first);
		add_all(&chain.last, &copy->last);
	}
	make_optional(&chain);
	append(reader, sequence, &chain);
}

static void read_repeated(struct reader *reader, struct sequence *sequence)
{
	const char *atom = reader->at;
	struct piece copy;
	unsigned min, max;
	read_atom(reader, &copy);
	if (reader->failed || !read_repeat(reader, &min, &max)) {
		append(reader, sequence, &copy);
		return;
	}
	/* The chain of copies is right for what is not empty; few repeat what may be. */
	reader->failed |= copy.nullable && max != UNBOUNDED && max > min + 1;
	for (unsigned i = 0; i < min && !reader->failed; i++) {
		if (i)
			read_copy(reader, atom, &copy);
		if (i + 1 == min && max == UNBOUNDED)
			connect(reader->out, &copy.last, &copy.first);
		if (i + 1 == min && max == UNBOUNDED)
			copy.exact = false;
		append(reader, sequence, &copy);
	}
	if (reader->failed || max == min || (min && max == UNBOUNDED))
		return;
	if (min)
		read_copy(reader, atom, &copy);
	if (max == UNBOUNDED) {
		connect(reader->out, &copy.last, &copy.first);
		max = 1;
	}
	append_optional(reader, sequence, atom, &copy, max - min);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void read_sequence(struct reader *reader, struct piece *piece)
{
	struct sequence sequence;
	begin_sequence(&sequence);
	while (!reader->failed && *reader->at && *reader->at != '|' && *reader->at != ')')
		read_repeated(reader, &sequence);
	*piece = sequence.piece;
}

static void read_alternatives(struct reader *reader, struct piece *piece)
{
	struct piece other;
	read_sequence(reader, piece);
	while (!reader->failed && *reader->at == '|') {
		reader->at++;
		read_sequence(reader, &other);
		piece->nullable |= other.nullable;
		piece->exact = false;
		add_all(&piece->first, &other.first);
		add_all(&piece->last, &other.last);
		join_needles(&piece->needles, &other.needles);
	}
}

/* Two anchors of one kind in a row hold for PCRE and can not be consumed twice here. */
static bool anchors_repeat(const struct expression *expression, uint8_t anchor)
{
	struct position_set anchors = {{0}}, behind = {{0}};
	for (unsigned i = 0; i < expression->count; i++) {
		if (!byte_set_has(&expression->bytes[i], anchor))
			continue;
		anchors.words[i / 64] |= (uint64_t)1 << i % 64;
		add_all(&behind, &expression->follow[i]);
	}
	for (size_t i = 0; i < 4; i++)
		if (anchors.words[i] & behind.words[i])
			return true;
	return false;
}

bool expression_read(struct expression *expression, const char *text)
{
	struct reader reader = {.out = expression, .at = text};
	struct piece piece;
	expression->count = expression->edge_count = 0;
	if (!strncmp(text, "(?i)", 4))
		reader.at += 4;
	read_alternatives(&reader, &piece);
	if (reader.failed || *reader.at || anchors_repeat(expression, TEXT_BEGIN) ||
	    anchors_repeat(expression, TEXT_END))
		return false;
	for (unsigned i = 0; i < expression->count; i++)
		expression->edge_count += count_bytes((const struct byte_set *)&expression->follow[i]);
	expression->matches_all = piece.nullable;
	expression->first = piece.first;
	expression->last = piece.last;
	expression->needles = piece.needles;
	if (piece.nullable)
		expression->needles.count = 0;
	return expression->edge_count <= EXPRESSION_EDGES_MAX;
}

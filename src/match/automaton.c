/* The automatons of automaton.h, one behind the other as 16-bit words:
 *
 *     positions   their number; 0: it matches all
 *     firsts      their number, and each of them
 *     symbols     what each position takes: a byte, or CLASS and a place in the table of classes; LAST: it can end there
 *     edges       for each position where its edges begin, where the last ones end, and then where they lead
 */
#include "match/automaton.h"

#include <stdlib.h>
#include <string.h>

#define SYMBOL_LAST 0x8000u
#define SYMBOL_CLASS 0x4000u
#define SYMBOL_NUMBER 0x3fffu

/* Lists use the same ones again and again; only so many are compared. */
#define CLASSES_COMPARED_MAX 64

struct automatons {
	uint16_t *words;
	size_t word_count, word_room;
	uint32_t *starts; /* by number */
	size_t count, room;
	struct byte_set *classes;
	size_t class_count, class_room;
};

struct automatons *automatons_new(void)
{
	return calloc(1, sizeof(struct automatons));
}

void automatons_free(struct automatons **out)
{
	struct automatons *automatons = *out;
	if (!automatons)
		return;
	free(automatons->words);
	free(automatons->starts);
	free(automatons->classes);
	free(automatons);
	*out = NULL;
}

size_t automatons_bytes(const struct automatons *automatons)
{
	return sizeof *automatons + automatons->word_room * sizeof *automatons->words +
	       automatons->room * sizeof *automatons->starts +
	       automatons->class_room * sizeof *automatons->classes;
}

/* ---- packing ------------------------------------------------------------------------------- */

/* Room for so many things more behind those that are there; the array as it is now, or NULL. */
static void *make_room(void *array, size_t count, size_t more, size_t *room, size_t size)
{
	if (count + more <= *room)
		return array;
	size_t wanted = (count + more) * 2;
	void *grown = realloc(array, wanted * size);
	if (grown)
		*room = wanted;
	return grown;
}

/* The symbol of a class, or PF_EFULL, or PF_ENOMEM. */
static int class_symbol(struct automatons *automatons, const struct byte_set *set)
{
	size_t count = automatons->class_count;
	size_t oldest = count > CLASSES_COMPARED_MAX ? count - CLASSES_COMPARED_MAX : 0;
	for (size_t i = count; i-- > oldest;)
		if (!memcmp(&automatons->classes[i], set, sizeof *set))
			return (int)(SYMBOL_CLASS | i);
	if (count > SYMBOL_NUMBER)
		return PF_EFULL;
	struct byte_set *classes = make_room(automatons->classes, count, 1, &automatons->class_room,
	                                     sizeof *automatons->classes);
	if (!classes)
		return PF_ENOMEM;
	automatons->classes = classes;
	classes[automatons->class_count++] = *set;
	return (int)(SYMBOL_CLASS | count);
}

static int symbol_of(struct automatons *automatons, const struct byte_set *set)
{
	unsigned count = 0, byte = 0;
	for (unsigned word = 0; word < 4; word++)
		if (set->words[word]) {
			count += (unsigned)__builtin_popcountll(set->words[word]);
			byte = word * 64 + (unsigned)__builtin_ctzll(set->words[word]);
		}
	return count == 1 ? (int)byte : class_symbol(automatons, set);
}

static bool has(const struct position_set *set, unsigned position)
{
	return set->words[position / 64] >> position % 64 & 1;
}

/* Appends the positions of the set; returns how many. */
static unsigned put_set(uint16_t *to, const struct position_set *set)
{
	unsigned count = 0;
	for (unsigned word = 0; word < 4; word++)
		for (uint64_t bits = set->words[word]; bits; bits &= bits - 1)
			to[count++] = (uint16_t)(word * 64 + (unsigned)__builtin_ctzll(bits));
	return count;
}

int automatons_add(struct automatons *automatons, const struct expression *expression)
{
	unsigned count = expression->matches_all ? 0 : expression->count;
	size_t most = 3 + 3 * (size_t)EXPRESSION_POSITIONS_MAX + EXPRESSION_EDGES_MAX;
	uint16_t *words = make_room(automatons->words, automatons->word_count, most,
	                            &automatons->word_room, sizeof *words);
	if (!words)
		return PF_ENOMEM;
	automatons->words = words;
	uint32_t *starts =
		make_room(automatons->starts, automatons->count, 1, &automatons->room, sizeof *starts);
	if (!starts)
		return PF_ENOMEM;
	automatons->starts = starts;
	uint16_t *at = words + automatons->word_count;
	*at++ = (uint16_t)count;
	*at = count ? (uint16_t)put_set(at + 1, &expression->first) : 0;
	at += 1 + *at;
	for (unsigned i = 0; i < count; i++) {
		int symbol = symbol_of(automatons, &expression->bytes[i]);
		if (symbol < 0)
			return symbol;
		*at++ = (uint16_t)((unsigned)symbol | (has(&expression->last, i) ? SYMBOL_LAST : 0));
	}
	uint16_t *edges = at + count + 1;
	for (unsigned i = 0, sum = 0; count && i <= count; i++) {
		*at++ = (uint16_t)sum;
		if (i < count)
			sum += put_set(edges + sum, &expression->follow[i]);
		else
			at += sum;
	}
	starts[automatons->count++] = (uint32_t)automatons->word_count;
	automatons->word_count = (size_t)(at - words);
	return PF_OK;
}

/* ---- running ------------------------------------------------------------------------------- */

/* An automaton that is run. */
struct run {
	const struct byte_set *classes;
	const uint16_t *firsts, *symbols, *starts, *edges;
	unsigned first_count;
};

/* Those of the positions that take the byte come into force; true when one of them is the end. */
static inline bool enter(const struct run *run, const uint16_t *positions, unsigned count,
                         uint8_t byte, struct position_set *next)
{
	for (unsigned i = 0; i < count; i++) {
		unsigned position = positions[i], symbol = run->symbols[position];
		unsigned number = symbol & SYMBOL_NUMBER;
		if (symbol & SYMBOL_CLASS ? !byte_set_has(&run->classes[number], byte) : number != byte)
			continue;
		if (symbol & SYMBOL_LAST)
			return true;
		next->words[position / 64] |= (uint64_t)1 << position % 64;
	}
	return false;
}

static bool step(const struct run *run, struct position_set *now, uint8_t byte)
{
	struct position_set next = {{0}};
	if (enter(run, run->firsts, run->first_count, byte, &next))
		return true;
	for (size_t word = 0; word < 4; word++)
		for (uint64_t bits = now->words[word]; bits; bits &= bits - 1) {
			unsigned position = (unsigned)(word * 64) + (unsigned)__builtin_ctzll(bits);
			unsigned from = run->starts[position], to = run->starts[position + 1];
			if (enter(run, run->edges + from, to - from, byte, &next))
				return true;
		}
	*now = next;
	return false;
}

bool automatons_run(const struct automatons *automatons, size_t number, const char *text,
                    size_t length)
{
	const uint16_t *at = automatons->words + automatons->starts[number];
	struct position_set now = {{0}};
	unsigned count = *at++;
	if (!count)
		return true;
	struct run run = {.classes = automatons->classes, .first_count = *at++};
	run.firsts = at;
	run.symbols = run.firsts + run.first_count;
	run.starts = run.symbols + count;
	run.edges = run.starts + count + 1;
	for (size_t i = 0; i < length; i++)
		if (step(&run, &now, (uint8_t)text[i]))
			return true;
	return false;
}

/* Look-ups in the block of sealed.h. */
#include "lists/sealed.h"

#include <stdlib.h>
#include <string.h>

#define COVERS_ALL (LIST_COVERS_SELF | LIST_COVERS_BELOW)

size_t sealed_bytes(const struct sealed_shape *shape)
{
	return (filter_words(shape->bucket_count) + shape->slot_count) * sizeof(uint64_t) +
	       shape->word_count * sizeof(uint32_t);
}

void sealed_attach(struct sealed *sealed, const struct sealed_shape *shape, const void *block)
{
	*sealed = (struct sealed){.shape = *shape};
	sealed->key = name_key_of((struct hash_key){shape->seed});
	for (unsigned labels = 0; labels <= NAME_LABELS_MAX; labels++) {
		sealed->has_depth[labels] = shape->depths[labels / 64] >> (labels % 64) & 1;
		if (sealed->has_depth[labels])
			sealed->deepest = labels;
	}
	sealed->filter_word_count = filter_words(shape->bucket_count);
	sealed->filter = block;
	sealed->slots = sealed->filter + sealed->filter_word_count;
	sealed->words = (const uint32_t *)(sealed->slots + shape->slot_count);
}

/* One tail of a name that is asked for: as many as it has labels. */
struct tail {
	uint64_t hash;
	const uint64_t *bucket;
	unsigned labels;
};

/* Whether some entry could be there, as far as the filter knows. */
static inline bool fetch_tail(const struct sealed *sealed, uint64_t hash, unsigned labels,
                              struct tail *tail)
{
	size_t bucket = sealed_bucket(sealed->shape.bucket_count, hash);
	uint64_t word = sealed->filter[filter_word(sealed->filter_word_count, hash)];
	*tail = (struct tail){hash, sealed->slots + bucket * BUCKET_SLOTS, labels};
	__builtin_prefetch(tail->bucket);
	return !(~word & filter_bits(hash));
}

/* The tails at which some entry could be, shortest first: of a depth that some entry has, and let through by the filter.
 *
 * Memory is what a look-up waits for. So the buckets of all are fetched at once, whatever the filter will say, and there is no
 * branch on what has only just been read: a processor that guesses wrong, as it must when the name decides, throws away what it
 * had begun, while one that needs not guess begins with the next name. */
static inline __attribute__((always_inline)) size_t fetch_wire(const struct sealed *sealed,
                                                               const uint8_t *wire, unsigned labels,
                                                               struct tail tails[NAME_LABELS_MAX])
{
	uint8_t starts[NAME_LABELS_MAX];
	unsigned most = labels < sealed->deepest ? labels : sealed->deepest;
	uint64_t hash = sealed->key.second;
	size_t count = 0;
	name_hash_starts(wire, labels, starts);
	for (unsigned i = 0; i < most; i++) {
		hash = name_hash_label(&sealed->key, hash, wire + starts[labels - 1 - i]);
		if (!sealed->has_depth[i + 1])
			continue;
		count += fetch_tail(sealed, hash, i + 1, &tails[count]);
	}
	return count;
}

static __attribute__((noinline)) size_t fetch_long(const struct sealed *sealed,
                                                   const struct dns_name *name,
                                                   struct tail tails[NAME_LABELS_MAX])
{
	uint8_t wire[NAME_WIRE_MAX + NAME_HASH_WORD] = {0};
	memcpy(wire, name->wire, name->length);
	return fetch_wire(sealed, wire, name->labels, tails);
}

static inline __attribute__((always_inline)) size_t fetch_tails(const struct sealed *sealed,
                                                                const struct dns_name *name,
                                                                struct tail tails[NAME_LABELS_MAX])
{
	if (name->length > NAME_HASH_WIRE_MAX)
		return fetch_long(sealed, name, tails);
	return fetch_wire(sealed, name->wire, name->labels, tails);
}

static size_t fetch_expected(const struct sealed *sealed, const struct list_tails *from,
                             struct tail tails[NAME_LABELS_MAX])
{
	size_t count = 0;
	for (unsigned i = 0; i < from->count; i++)
		if (sealed->has_depth[i + 1])
			count += fetch_tail(sealed, from->hashes[i], i + 1, &tails[count]);
	return count;
}

void sealed_expect(const struct sealed *sealed, const struct dns_name *name,
                   struct list_tails *tails)
{
	uint8_t starts[NAME_LABELS_MAX];
	unsigned labels = name->labels;
	unsigned most = labels < sealed->deepest ? labels : sealed->deepest;
	uint64_t hash = sealed->key.second;
	tails->count = 0;
	if (name->length > NAME_HASH_WIRE_MAX || most > LIST_TAILS_MAX)
		return;
	name_hash_starts(name->wire, labels, starts);
	for (unsigned i = 0; i < most; i++) {
		hash = name_hash_label(&sealed->key, hash, name->wire + starts[labels - 1 - i]);
		tails->hashes[i] = hash;
		if (!sealed->has_depth[i + 1])
			continue;
		__builtin_prefetch(&sealed->filter[filter_word(sealed->filter_word_count, hash)]);
		__builtin_prefetch(sealed->slots +
		                   sealed_bucket(sealed->shape.bucket_count, hash) * BUCKET_SLOTS);
	}
	tails->count = (uint8_t)most;
}

static inline uint8_t wanted_of(unsigned labels, const struct dns_name *name)
{
	return labels == name->labels ? LIST_COVERS_SELF : LIST_COVERS_BELOW;
}

/* Two names of one bucket have 32 bits in common. */
static __attribute__((noinline)) uint32_t find_among(const uint64_t *bucket, uint64_t hash,
                                                     unsigned equal)
{
	for (; equal; equal &= equal - 1) {
		uint64_t slot = bucket[__builtin_ctz(equal)];
		if (SLOT_HASH(slot) == hash && SLOT_GROUP(slot))
			return SLOT_GROUP(slot);
	}
	return 0;
}

/* The group of the tail's name in one bucket; 0 when it has none there. */
static inline uint32_t find_in_bucket(const uint64_t *bucket, uint64_t hash, unsigned *distance)
{
	unsigned equal = eight_equal(bucket, (uint32_t)hash, distance);
	if (__builtin_expect(equal & (equal - 1), 0))
		return find_among(bucket, hash, equal);
	uint64_t slot = bucket[__builtin_ctz(equal | 1u << (BUCKET_SLOTS - 1))];
	return SLOT_GROUP(slot) & -(uint32_t)(SLOT_HASH(slot) == hash);
}

static __attribute__((noinline)) uint32_t find_behind(const uint64_t *bucket, uint64_t hash,
                                                      unsigned distance)
{
	uint32_t group = 0;
	unsigned ignored;
	for (; distance && !group; distance--) {
		bucket += BUCKET_SLOTS;
		group = find_in_bucket(bucket, hash, &ignored);
	}
	return group;
}

/* The group of the tail's name; 0 when no list has it. */
static inline uint32_t find_group(const struct tail *tail)
{
	unsigned distance;
	uint64_t hash = SLOT_HASH(tail->hash);
	uint32_t group = find_in_bucket(tail->bucket, hash, &distance);
	if (__builtin_expect(!group & (distance != 0), 0))
		group = find_behind(tail->bucket, hash, distance);
	return group;
}

/* Those of `count` tails that some list has, the longest first. */
struct found {
	uint32_t group;
	unsigned labels;
};

static inline size_t find_groups(const struct tail *tails, size_t count,
                                 struct found found[NAME_LABELS_MAX])
{
	size_t found_count = 0;
	while (count--) {
		found[found_count] = (struct found){find_group(&tails[count]), tails[count].labels};
		found_count += found[found_count].group != 0;
	}
	return found_count;
}

static const uint32_t *words_of(const struct sealed *sealed, uint32_t group)
{
	return sealed->words + (size_t)group * GROUP_UNIT_WORDS;
}

static const uint32_t *bitmap(const uint32_t *words, unsigned number)
{
	return words + 1 + number * GROUP_BITMAP_WORDS;
}

static void add_bitmap(struct list_set *set, const uint32_t *words)
{
	for (size_t i = 0; i < PF_COUNT(set->words); i++)
		set->words[i] |= words[i * 2] | (uint64_t)words[i * 2 + 1] << 32;
}

/* Takes four bitmaps; returns what stands behind them. */
static const uint32_t *match_bitmaps(const uint32_t *words, uint8_t wanted,
                                     struct list_match *match)
{
	bool self = wanted == LIST_COVERS_SELF;
	const uint32_t *excepted = bitmap(words, self ? BITMAP_SELF_EXCEPTED : BITMAP_BELOW_EXCEPTED);
	uint32_t any = 0;
	add_bitmap(&match->held, bitmap(words, self ? BITMAP_SELF : BITMAP_BELOW));
	add_bitmap(&match->excepted, excepted);
	for (size_t i = 0; i < GROUP_BITMAP_WORDS; i++)
		any |= excepted[i];
	match->any_excepted |= any != 0;
	return bitmap(words, BITMAP_COUNT);
}

static bool ends_with_bitmaps(uint32_t word)
{
	return (word & (GROUP_BITMAPS | GROUP_LAST)) == (GROUP_BITMAPS | GROUP_LAST);
}

static void match_group(const struct sealed *sealed, uint32_t group, unsigned labels,
                        uint8_t wanted, struct list_match *match)
{
	const uint32_t *at = words_of(sealed, group);
	uint32_t word = *at;
	if (word & GROUP_BITMAPS)
		at = match_bitmaps(at, wanted, match);
	for (bool more = !ends_with_bitmaps(word); more; more = !(word & GROUP_LAST)) {
		word = *at++;
		uint32_t detail = word & GROUP_DETAIL_FOLLOWS ? *at++ : 0;
		uint8_t covers = GROUP_COVERS(word);
		bool exception = covers & LIST_EXCEPTION;
		if (!(covers & wanted))
			continue;
		if (!detail) {
			list_set_add(exception ? &match->excepted : &match->held, GROUP_LIST(word));
			match->any_excepted |= exception;
		} else if (match->hit_count < LIST_HITS_MAX) {
			match->hits[match->hit_count++] =
				(struct list_hit){detail, GROUP_LIST(word), covers, (uint8_t)labels};
		} else {
			match->hits_cut = true;
		}
	}
}

void sealed_match(const struct sealed *sealed, const struct dns_name *name,
                  struct list_match *match)
{
	struct tail tails[NAME_LABELS_MAX];
	struct found found[NAME_LABELS_MAX];
	memset(match, 0, offsetof(struct list_match, hits));
	size_t count = find_groups(tails, fetch_tails(sealed, name, tails), found);
	for (size_t i = 0; i < count; i++)
		match_group(sealed, found[i].group, found[i].labels, wanted_of(found[i].labels, name),
		            match);
}

#define PLAIN_BITS ((uint32_t)(UINT16_MAX | COVERS_ALL << 16 | GROUP_LAST))

static inline void add_plain(uint32_t word, uint8_t wanted, struct list_set *held)
{
	uint64_t covers = (GROUP_COVERS(word) & wanted) != 0;
	held->words[GROUP_LIST(word) / 64] |= covers << GROUP_LIST(word) % 64;
}

/* Adds the lists of a group of plain entries that hold the name; false when it has others too. Two at a time, without asking whether there
 * is a second: else it would be guessed for each name in how many lists it is. Behind a last one that is alone stands 0, which covers nothing. */
static inline bool add_plain_group(const struct sealed *sealed, uint32_t group, uint8_t wanted,
                                   struct list_set *held)
{
	const uint32_t *at = words_of(sealed, group);
	uint32_t first, second;
	do {
		first = *at++;
		second = *at++;
		if ((first | second) & ~PLAIN_BITS)
			return false;
		add_plain(first, wanted, held);
		add_plain(second, wanted, held);
	} while (!((first | second) & GROUP_LAST));
	return true;
}

bool sealed_match_plain(const struct sealed *sealed, const struct dns_name *name,
                        const struct list_tails *expected, struct list_set *held,
                        struct list_sole *sole)
{
	struct tail tails[NAME_LABELS_MAX];
	struct found found[NAME_LABELS_MAX];
	memset(held, 0, sizeof *held);
	sole->labels = 0;
	size_t count = expected && expected->count ? fetch_expected(sealed, expected, tails)
	                                           : fetch_tails(sealed, name, tails);
	if (!count) /* nearly always, of a name that is on no list */
		return true;
	if (count == 1) { /* nearly always, of one that is; the group 0 covers nothing */
		uint8_t wanted = wanted_of(tails[0].labels, name);
		uint32_t group = find_group(&tails[0]), word = *words_of(sealed, group);
		*sole = (struct list_sole){.labels = word & GROUP_LAST ? tails[0].labels & 127 : 0,
		                           .below = !(GROUP_COVERS(word) & LIST_COVERS_SELF)};
		return add_plain_group(sealed, group, wanted, held);
	}
	count = find_groups(tails, count, found);
	for (size_t i = 0; i < count; i++)
		if (!add_plain_group(sealed, found[i].group, wanted_of(found[i].labels, name), held))
			return false;
	return true;
}

/* ---- one list's entries ------------------------------------------------------------------- */

static uint8_t bitmap_covers(const uint32_t *words, size_t list, unsigned first)
{
	uint32_t bit = 1u << list % 32;
	uint8_t covers = bitmap(words, first)[list / 32] & bit ? LIST_COVERS_SELF : 0;
	return covers | (bitmap(words, first + 1)[list / 32] & bit ? LIST_COVERS_BELOW : 0);
}

/* The hits of one list, as they are added up. */
struct finding {
	size_t list, count;
	uint8_t labels, wanted; /* of the tail that is looked at */
	struct list_hit *hits;
};

static void add_hit(struct finding *finding, uint8_t covers, uint32_t detail)
{
	if (covers & finding->wanted && finding->count < LIST_HITS_MAX)
		finding->hits[finding->count++] =
			(struct list_hit){detail, (uint16_t)finding->list, covers, finding->labels};
}

static void find_in_group(const struct sealed *sealed, uint32_t group, struct finding *finding)
{
	const uint32_t *at = words_of(sealed, group);
	uint32_t word = *at;
	if (word & GROUP_BITMAPS) {
		uint8_t excepted = bitmap_covers(at, finding->list, BITMAP_SELF_EXCEPTED);
		add_hit(finding, bitmap_covers(at, finding->list, BITMAP_SELF), 0);
		if (excepted)
			add_hit(finding, excepted | LIST_EXCEPTION, 0);
		at = bitmap(at, BITMAP_COUNT);
	}
	for (bool more = !ends_with_bitmaps(word); more; more = !(word & GROUP_LAST)) {
		word = *at++;
		uint32_t detail = word & GROUP_DETAIL_FOLLOWS ? *at++ : 0;
		if (GROUP_LIST(word) == finding->list)
			add_hit(finding, GROUP_COVERS(word), detail);
	}
}

size_t sealed_find(const struct sealed *sealed, size_t list, const struct dns_name *name,
                   struct list_hit hits[LIST_HITS_MAX])
{
	struct tail tails[NAME_LABELS_MAX];
	struct found found[NAME_LABELS_MAX];
	struct finding finding = {.list = list, .hits = hits};
	size_t count = find_groups(tails, fetch_tails(sealed, name, tails), found);
	for (size_t i = 0; i < count; i++) {
		finding.labels = (uint8_t)found[i].labels;
		finding.wanted = wanted_of(found[i].labels, name);
		find_in_group(sealed, found[i].group, &finding);
	}
	return finding.count;
}

/* ---- blocks from strangers ---------------------------------------------------------------- */

bool sealed_shape_fits(const struct sealed_shape *shape, size_t bytes)
{
	const uint64_t slots_max = (uint64_t)LIST_INDEX_ENTRY_MAX * 4;
	const uint64_t words_max = ((uint64_t)GROUPS_MAX + 1) * GROUP_UNIT_WORDS;
	return shape->slot_count <= slots_max && shape->slot_count % BUCKET_SLOTS == 0 &&
	       shape->bucket_count && shape->bucket_count <= shape->slot_count / BUCKET_SLOTS &&
	       shape->word_count && shape->word_count % GROUP_UNIT_WORDS == 0 &&
	       shape->word_count <= words_max && sealed_bytes(shape) == bytes;
}

/* Where groups begin: a bit for each unit. */
static bool is_begun(const uint8_t *begun, size_t unit)
{
	return begun[unit / 8] >> unit % 8 & 1;
}

static bool slots_are_sound(const struct sealed *sealed, const uint8_t *begun)
{
	const struct sealed_shape *shape = &sealed->shape;
	uint64_t used = 0;
	for (size_t i = 0; i < shape->slot_count; i++) {
		uint32_t group = SLOT_GROUP(sealed->slots[i]);
		if (group >= shape->word_count / GROUP_UNIT_WORDS || !is_begun(begun, group))
			return false;
		used += group != 0;
	}
	for (size_t i = 0; i < shape->bucket_count; i++)
		if (i + bucket_distance(sealed->slots + i * BUCKET_SLOTS) >=
		    shape->slot_count / BUCKET_SLOTS)
			return false;
	return used == shape->name_count;
}

static bool bitmaps_are_sound(const uint32_t *words, size_t list_count)
{
	for (unsigned number = 0; number < BITMAP_COUNT; number++)
		for (size_t list = list_count; list < LIST_MAX; list++)
			if (bitmap(words, number)[list / 32] >> (list % 32) & 1)
				return false;
	return true;
}

/* What stands behind the group that begins there; NULL when it is not sound. */
static const uint32_t *sound_group(const uint32_t *at, const uint32_t *end, size_t list_count,
                                   size_t detail_count)
{
	uint32_t word = *at;
	if (word & GROUP_BITMAPS) {
		if (word & ~(uint32_t)(GROUP_BITMAPS | GROUP_LAST) ||
		    end - at < 1 + BITMAP_COUNT * GROUP_BITMAP_WORDS || !bitmaps_are_sound(at, list_count))
			return NULL;
		at = bitmap(at, BITMAP_COUNT);
	}
	for (bool more = !ends_with_bitmaps(word); more; more = !(word & GROUP_LAST)) {
		if (at == end)
			return NULL;
		word = *at++;
		uint8_t covers = GROUP_COVERS(word);
		if (GROUP_LIST(word) >= list_count || !(covers & COVERS_ALL) ||
		    covers & ~(COVERS_ALL | LIST_EXCEPTION) || word >= GROUP_BITMAPS)
			return NULL;
		if (word & GROUP_DETAIL_FOLLOWS && (at == end || !*at || *at++ > detail_count))
			return NULL;
	}
	return at;
}

static bool groups_are_sound(const struct sealed *sealed, size_t list_count, size_t detail_count,
                             uint8_t *begun)
{
	const uint32_t *end = sealed->words + sealed->shape.word_count;
	if (sealed->words[0] != GROUP_LAST || sealed->words[1])
		return false;
	begun[0] |= 1;
	for (size_t unit = 1; words_of(sealed, (uint32_t)unit) < end;) {
		const uint32_t *at = words_of(sealed, (uint32_t)unit);
		const uint32_t *behind = sound_group(at, end, list_count, detail_count);
		if (!behind)
			return false;
		begun[unit / 8] |= (uint8_t)(1u << unit % 8);
		size_t words = (size_t)(behind - at);
		if (words % GROUP_UNIT_WORDS && *behind) /* filled up with a 0 */
			return false;
		unit += (words + GROUP_UNIT_WORDS - 1) / GROUP_UNIT_WORDS;
	}
	return true;
}

bool sealed_is_sound(const struct sealed *sealed, size_t list_count, size_t detail_count)
{
	uint8_t *begun = calloc(sealed->shape.word_count / GROUP_UNIT_WORDS / 8 + 1, 1);
	bool sound = begun && groups_are_sound(sealed, list_count, detail_count, begun) &&
	             slots_are_sound(sealed, begun);
	free(begun);
	return sound;
}

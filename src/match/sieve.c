/* The look-up of sieve.h. */
#include "match/sieve.h"

#include <stdlib.h>
#include <string.h>

#include "match/automaton.h"
#include "match/windows.h"

/* A needle of an expression. */
struct hook {
	uint32_t number; /* the expression's */
	struct needle needle;
};

struct sieve {
	struct automatons *automatons;
	size_t count, room;
	bool *loose; /* by number */
	struct hook *hooks;
	size_t hook_count, hook_room;
	struct windows windows[WINDOW_KINDS];
};

struct sieve *sieve_new(void)
{
	struct sieve *sieve = calloc(1, sizeof *sieve);
	if (sieve && !(sieve->automatons = automatons_new()))
		sieve_free(&sieve);
	return sieve;
}

void sieve_free(struct sieve **out)
{
	struct sieve *sieve = *out;
	if (!sieve)
		return;
	automatons_free(&sieve->automatons);
	for (size_t i = 0; i < WINDOW_KINDS; i++)
		windows_deinit(&sieve->windows[i]);
	free(sieve->loose);
	free(sieve->hooks);
	free(sieve);
	*out = NULL;
}

static int make_room(struct sieve *sieve)
{
	if (sieve->count == sieve->room) {
		size_t room = sieve->room ? sieve->room * 2 : 16;
		bool *grown = realloc(sieve->loose, room * sizeof *grown);
		if (!grown)
			return PF_ENOMEM;
		sieve->loose = grown;
		sieve->room = room;
	}
	if (sieve->hook_count + EXPRESSION_NEEDLES_MAX > sieve->hook_room) {
		size_t room = sieve->hook_room * 2 + EXPRESSION_NEEDLES_MAX;
		struct hook *grown = realloc(sieve->hooks, room * sizeof *grown);
		if (!grown)
			return PF_ENOMEM;
		sieve->hooks = grown;
		sieve->hook_room = room;
	}
	return PF_OK;
}

int sieve_add(struct sieve *sieve, const struct expression *expression)
{
	int error = make_room(sieve);
	if (error == PF_OK)
		error = automatons_add(sieve->automatons, expression);
	if (error != PF_OK)
		return error;
	const struct needles *needles = &expression->needles;
	bool hangs = needles->count > 0;
	for (unsigned i = 0; i < needles->count; i++)
		hangs &= needles->list[i].length >= SIEVE_NEEDLE_BYTES_MIN;
	for (unsigned i = 0; hangs && i < needles->count; i++)
		sieve->hooks[sieve->hook_count++] = (struct hook){(uint32_t)sieve->count, needles->list[i]};
	sieve->loose[sieve->count++] = !hangs;
	return PF_OK;
}

/* ---- sealing ------------------------------------------------------------------------------- */

static struct windows *windows_of(struct sieve *sieve, const struct needle *needle)
{
	return &sieve
	            ->windows[needle->length >= window_bytes[WINDOW_LONG] ? WINDOW_LONG : WINDOW_SHORT];
}

/* All windows of all needles, to see which are rare. */
static int count_windows(struct sieve *sieve)
{
	for (size_t i = 0; i < sieve->hook_count; i++) {
		const struct needle *needle = &sieve->hooks[i].needle;
		struct windows *windows = windows_of(sieve, needle);
		for (size_t at = 0; at + windows->bytes <= needle->length; at++)
			if (windows_count(windows, window_read(needle->bytes + at, windows->bytes)) != PF_OK)
				return PF_ENOMEM;
	}
	return PF_OK;
}

/* Hangs the needle at its rarest window that is not full; false when all are. */
static bool hang(struct sieve *sieve, size_t hook)
{
	const struct needle *needle = &sieve->hooks[hook].needle;
	struct windows *windows = windows_of(sieve, needle);
	struct window *best = NULL;
	size_t best_at = 0;
	for (size_t at = 0; at + windows->bytes <= needle->length; at++) {
		struct window *window =
			windows_find(windows, window_read(needle->bytes + at, windows->bytes));
		if (window->hook_count < SIEVE_SHARERS_MAX && (!best || window->seen < best->seen)) {
			best = window;
			best_at = at;
		}
	}
	if (best)
		best->hooks[best->hook_count++] = (struct window_hook){(uint32_t)hook, (uint8_t)best_at};
	return best;
}

/* The hooks of an expression stand together. When one finds no window the others are in vain, and harmless. */
static void hang_all(struct sieve *sieve)
{
	for (size_t i = 0; i < sieve->hook_count; i++)
		if (!sieve->loose[sieve->hooks[i].number] && !hang(sieve, i))
			sieve->loose[sieve->hooks[i].number] = true;
}

int sieve_seal(struct sieve *sieve)
{
	for (size_t i = 0; i < WINDOW_KINDS; i++)
		windows_init(&sieve->windows[i], window_bytes[i]);
	if (count_windows(sieve) != PF_OK)
		return PF_ENOMEM;
	hang_all(sieve);
	for (size_t i = 0; i < WINDOW_KINDS; i++)
		if (windows_seal(&sieve->windows[i]) != PF_OK)
			return PF_ENOMEM;
	return PF_OK;
}

bool sieve_is_loose(const struct sieve *sieve, size_t number)
{
	return sieve->loose[number];
}

size_t sieve_count(const struct sieve *sieve)
{
	return sieve->count;
}

size_t sieve_bytes(const struct sieve *sieve)
{
	size_t bytes = sizeof *sieve + automatons_bytes(sieve->automatons) + sieve->room +
	               sieve->hook_room * sizeof *sieve->hooks;
	for (size_t i = 0; i < WINDOW_KINDS; i++)
		bytes += windows_size(&sieve->windows[i]);
	return bytes;
}

/* ---- looking up ---------------------------------------------------------------------------- */

struct scan {
	const struct sieve *sieve;
	const struct sieve_marks *marks;
	const char *text;
	size_t length;
	void (*take)(void *data, size_t number);
	void *data;
};

static void try_window(const struct scan *scan, const struct window *window, size_t at)
{
	const struct sieve *sieve = scan->sieve;
	for (unsigned i = 0; i < window->hook_count; i++) {
		const struct hook *hook = &sieve->hooks[window->hooks[i].hook];
		size_t before = window->hooks[i].at, length = hook->needle.length;
		if (sieve->loose[hook->number] || scan->marks->rounds[hook->number] == scan->marks->round)
			continue;
		if (before > at || at - before + length > scan->length ||
		    memcmp(scan->text + at - before, hook->needle.bytes, length) != 0)
			continue;
		scan->marks->rounds[hook->number] = scan->marks->round;
		if (automatons_run(sieve->automatons, hook->number, scan->text, scan->length))
			scan->take(scan->data, hook->number);
	}
}

void sieve_scan(const struct sieve *sieve, const struct sieve_marks *marks, const char *text,
                size_t length, void (*take)(void *data, size_t number), void *data)
{
	const struct scan scan = {sieve, marks, text, length, take, data};
	for (size_t kind = 0; kind < WINDOW_KINDS; kind++) {
		const struct windows *windows = &sieve->windows[kind];
		if (!windows->count)
			continue;
		for (size_t at = 0; at + windows->bytes <= length; at++) {
			const struct window *window =
				windows_lookup(windows, window_read(text + at, windows->bytes));
			if (window)
				try_window(&scan, window, at);
		}
	}
}

bool sieve_run(const struct sieve *sieve, size_t number, const char *text, size_t length)
{
	return automatons_run(sieve->automatons, number, text, length);
}

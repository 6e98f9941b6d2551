/* Patterns with * (any bytes, none too) and ? (one byte), without regard to the case of ASCII. */
#ifndef PF_BASE_GLOB_H
#define PF_BASE_GLOB_H

#include <stdbool.h>

/* Does the pattern fit the whole text? Takes at most the product of both lengths in steps, whatever a stranger
 * has put into the text, and no memory. */
bool glob_matches(const char *pattern, const char *text);

#endif

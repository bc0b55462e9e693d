/* Where runs of changed lines lie, when they may lie in several places. */
#ifndef RUNS_H
#define RUNS_H

#include "lines.h"

/* Moves the runs of the first side over equal lines to where readers expect them. */
void runs_settle(const Lines *lines, const Lines *other);

#endif

/* SPDX-License-Identifier: ISC */
#include "control/seats.h"

static bool
is_reader(const struct seat *s)
{
	return s->taken && !s->may_change;
}

/* How many seats the readers have; those of one uid, or all (NULL). */
static size_t
readers(const struct seat seats[SEATS_MAX], const uid_t *uid)
{
	size_t n = 0;

	for (size_t i = 0; i < SEATS_MAX; i++)
		n += is_reader(&seats[i]) &&
		     (uid == NULL || seats[i].uid == *uid);
	return n;
}

/* Of the seats that one reader has, or of all that are taken (NULL). */
static size_t
oldest(const struct seat seats[SEATS_MAX], const uid_t *reader)
{
	size_t first = SEATS_MAX;

	for (size_t i = 0; i < SEATS_MAX; i++) {
		const struct seat *s = &seats[i];
		bool counts = reader == NULL
				  ? s->taken
				  : is_reader(s) && s->uid == *reader;

		if (counts &&
		    (first == SEATS_MAX || s->until_ms < seats[first].until_ms))
			first = i;
	}
	return first;
}

/* The oldest of the reader who has the most. */
static size_t
greediest(const struct seat seats[SEATS_MAX])
{
	size_t found = SEATS_MAX;
	size_t most = 0;

	for (size_t i = 0; i < SEATS_MAX; i++) {
		size_t n =
		    is_reader(&seats[i]) ? readers(seats, &seats[i].uid) : 0;

		if (n > most ||
		    (n > 0 && n == most &&
			seats[i].until_ms < seats[found].until_ms)) {
			most = n;
			found = i;
		}
	}
	return found;
}

size_t
seats_first_to_leave(const struct seat seats[SEATS_MAX])
{
	size_t first = greediest(seats);

	return first < SEATS_MAX ? first : oldest(seats, NULL);
}

static size_t
free_one(const struct seat seats[SEATS_MAX])
{
	size_t i = 0;

	while (i < SEATS_MAX && seats[i].taken)
		i++;
	return i;
}

size_t
seats_for(const struct seat seats[SEATS_MAX], uid_t uid, bool may_change)
{
	size_t seat = free_one(seats);

	if (!may_change && readers(seats, &uid) >= SEATS_EACH)
		return oldest(seats, &uid);
	if (!may_change && readers(seats, NULL) >= SEATS_READERS)
		return greediest(seats);
	if (seat < SEATS_MAX)
		return seat;
	return may_change ? seats_first_to_leave(seats) : greediest(seats);
}

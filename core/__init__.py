"""House services that know no business words: database, clock, post, scheduler, audit, guards."""

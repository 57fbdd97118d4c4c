/* SPDX-License-Identifier: BSD-3-Clause */
#include "mode_stories.h"

#define ALL_BACK "back:ABCDEF ack +1000 "

const struct story mode_stories[] = {
	/* Forward, step by step. */
	{"the way in", COVEY_MODE_OBSERVE,
	 "transition=begun is:transition serial:2 outcome:under-way ack:ABCDE outcome:under-way "
	 "ack outcome:done kept:transition report enforce=begun is:enforce ack outcome:done "
	 "kept:enforce"},
	{"who has not said what it hears", COVEY_MODE_OBSERVE,
	 "report transition=begun +10 ack outcome:done enforce=flawed flaw:A:silent report:ABCDE "
	 "enforce=flawed flaw:F:silent report:F enforce=begun"},
	{"not in one go", COVEY_MODE_OBSERVE, "enforce=far is:observe serial:1"},
	{"nothing to do", COVEY_MODE_ENFORCE, "enforce=already serial:1 kept:none"},
	/* Who could not follow. */
	{"one is away", COVEY_MODE_OBSERVE,
	 "lose:C transition=flawed flaw:C:away back:C transition=flawed flaw:C:mode ack "
	 "transition=begun"},
	{"one has left", COVEY_MODE_OBSERVE, "leave:C transition=flawed flaw:C:away"},
	{"one is too old", COVEY_MODE_OBSERVE, "lose:D old:D transition=flawed flaw:D:old"},
	{"one has not acknowledged", COVEY_MODE_ENFORCE,
	 "transition=begun ack:ABCDE +10000 outcome:done late:F enforce=flawed flaw:F:mode ack "
	 "enforce=begun"},
	{"an evicted one does not count", COVEY_MODE_OBSERVE,
	 "evict:F rekey switched transition=begun ack outcome:done"},
	{"no SA", COVEY_MODE_OBSERVE, "expire transition=flawed flaw:A:no-sa"},
	{"clear packets of a member", COVEY_MODE_TRANSITION,
	 "clear:B enforce=flawed flaw:B:clear +59999 enforce=flawed +1 enforce=begun"},
	{"clear packets of a stranger", COVEY_MODE_TRANSITION,
	 "stranger:B enforce=flawed flaw:B:clear"},
	{"clear packets do not hinder transition", COVEY_MODE_OBSERVE, "clear:B transition=begun"},
	{"what an evicted one heard does not count", COVEY_MODE_TRANSITION,
	 "clear:F evict:F rekey switched enforce=begun"},
	/* Clear packets can be forged. */
	{"despite clear packets", COVEY_MODE_TRANSITION,
	 "stranger:B clear:C enforce=flawed despite:0 !enforce=begun despite:2 is:enforce ack "
	 "outcome:done kept:enforce transition=begun despite:0"},
	{"despite none", COVEY_MODE_TRANSITION, "!enforce=begun despite:0 ack outcome:done"},
	{"despite more than are remembered", COVEY_MODE_TRANSITION,
	 "many:D enforce=flawed flaw:D:missed !enforce=begun"},
	{"what an evicted one could not report does not count", COVEY_MODE_TRANSITION,
	 "many:F evict:F rekey switched enforce=begun"},
	{"more than are remembered, but a minute ago", COVEY_MODE_TRANSITION,
	 "many:D +59999 enforce=flawed +1 enforce=begun"},
	{"but not despite one that is away", COVEY_MODE_TRANSITION,
	 "stranger:B lose:F !enforce=flawed flaw:F:away is:transition serial:1 despite:0"},
	{"nor one that is too old", COVEY_MODE_TRANSITION,
	 "stranger:B lose:F old:F !enforce=flawed flaw:F:old"},
	{"nor one that has not acknowledged", COVEY_MODE_ENFORCE,
	 "transition=begun ack:ABCDE +10000 stranger:B !enforce=flawed flaw:F:mode"},
	{"nor no SA", COVEY_MODE_TRANSITION, "stranger:B expire !enforce=flawed flaw:A:no-sa"},
	{"nor one that has not said what it hears", COVEY_MODE_OBSERVE,
	 "transition=begun +10 ack report:ABCDE stranger:B !enforce=flawed flaw:F:silent"},
	{"nor with a step left out", COVEY_MODE_OBSERVE, "clear:B !enforce=far"},
	{"nor the disk", COVEY_MODE_TRANSITION,
	 "stranger:B full !enforce=unstored is:transition despite:0"},
	{"only enforce asks who sends in clear", COVEY_MODE_OBSERVE,
	 "clear:B !transition=not-despite !observe=not-despite serial:1"},
	{"despite clear packets, for a while", COVEY_MODE_TRANSITION,
	 "stranger:B !enforce:c60=begun despite:1 ack +60000 is:transition enforce=busy"},
	{"time asks for nothing", COVEY_MODE_TRANSITION,
	 "stranger:B transition:f2=begun left:2000 despite:0 ack lose:F +2000 is:enforce "
	 "despite:2"},
	{"nor on the way back", COVEY_MODE_TRANSITION,
	 "stranger:B observe:c2=begun ack +2000 is:transition despite:0"},
	/* Forward, and not all acknowledge. */
	{"taken back", COVEY_MODE_TRANSITION,
	 "enforce=begun ack:ABCDE +9999 is:enforce outcome:under-way +1 is:transition "
	 "outcome:taken-back late:F kept:transition serial:3 transition=busy ack enforce=begun"},
	{"who goes in the middle is needed", COVEY_MODE_TRANSITION,
	 "enforce=begun ack:ABCDE lose:F outcome:under-way +10000 outcome:taken-back late:F "
	 "is:transition"},
	{"and may come back in time", COVEY_MODE_TRANSITION,
	 "enforce=begun ack:ABCDE lose:F +5000 back:F ack:F outcome:done is:enforce"},
	{"but not without knowing modes", COVEY_MODE_TRANSITION,
	 "enforce=begun ack:ABCDE lose:F old:F +10000 outcome:taken-back late:F"},
	{"who leaves in the middle is not", COVEY_MODE_TRANSITION,
	 "enforce=begun ack:ABCDE leave:F outcome:done is:enforce"},
	{"who is evicted in the middle is not", COVEY_MODE_TRANSITION,
	 "enforce=begun ack:ABCDE evict:F outcome:done is:enforce"},
	{"a rekey in the middle", COVEY_MODE_TRANSITION,
	 "rekey enforce=begun ack:ABC switched ack outcome:done is:enforce"},
	{"with a deadline, taken back without", COVEY_MODE_TRANSITION,
	 "enforce:c60=begun ack:ABCDE +10000 outcome:taken-back is:transition left:0 end:none"},
	/* Back. */
	{"the way back", COVEY_MODE_ENFORCE,
	 "observe=begun is:transition kept:transition goal:observe ack:ABCDE +9999 is:transition "
	 "ack:F +499 is:transition +1 is:observe outcome:under-way ack outcome:done kept:observe"},
	{"who does not acknowledge holds it up for a while", COVEY_MODE_ENFORCE,
	 "observe=begun ack:ABCDE +9999 is:transition +1 is:observe ack:ABCDE +9999 "
	 "outcome:under-way +1 outcome:done late:F"},
	{"who is away does not", COVEY_MODE_ENFORCE,
	 "lose:F observe=begun ack:ABCDE +500 is:observe ack outcome:done late:none"},
	{"one step back", COVEY_MODE_TRANSITION, "observe=begun is:observe ack outcome:done"},
	{"who comes late is told", COVEY_MODE_ENFORCE,
	 "lose:A observe=begun ack +500 ack back:A is:observe serial:3"},
	/* Deadlines. */
	{"confirmed", COVEY_MODE_TRANSITION,
	 "enforce:c60=begun is:enforce then:transition left:60000 end:transition ack +1000 "
	 "confirm=begun is:enforce left:0 then:none serial:3 end:none ack outcome:done +100000 "
	 "is:enforce confirm=nothing"},
	{"not confirmed", COVEY_MODE_TRANSITION,
	 "enforce:c60=begun ack +59999 is:enforce +1 is:transition left:0 kept:transition "
	 "end:none confirm=busy observe=busy +499 observe=busy +1 observe=begun"},
	{"not confirmed, two steps back", COVEY_MODE_ENFORCE,
	 "observe:c60=begun is:transition then:enforce left:60000 ack +500 is:observe "
	 "then:enforce left:59500 ack +59499 is:observe +1 is:transition kept:transition "
	 "goal:enforce +499 is:transition +1 is:enforce kept:enforce"},
	{"the deadline comes in the middle", COVEY_MODE_ENFORCE,
	 "observe:c1=begun is:transition ack:ABCDE +1000 is:enforce outcome:undone"},
	{"the deadline does not wait for members", COVEY_MODE_OBSERVE,
	 "transition:c20=begun ack lose:A +20000 back:A is:observe"},
	{"for a while", COVEY_MODE_TRANSITION,
	 "observe:f60=begun is:observe then:enforce left:60000 ack confirm=nothing +60000 "
	 "is:transition ack +500 is:enforce"},
	{"for a while, but longer", COVEY_MODE_TRANSITION,
	 "observe:f60=begun ack observe:f90=begun left:90000 serial:3 ack +89999 is:observe +1 "
	 "is:transition"},
	{"for a while, and then for good", COVEY_MODE_TRANSITION,
	 "observe:f60=begun ack observe=begun left:0 ack +100000 is:observe"},
	{"who comes later has less time", COVEY_MODE_TRANSITION,
	 "observe:c60=begun ack lose:A +20000 back:A is:observe left:40000"},
	{"further only when it is confirmed", COVEY_MODE_OBSERVE,
	 "transition:c60=begun ack enforce=unconfirmed transition=unconfirmed confirm=begun "
	 "confirm=busy ack report enforce=begun"},
	{"but back at once", COVEY_MODE_OBSERVE,
	 "transition:c60=begun ack observe=begun is:observe left:0 ack +100000 is:observe"},
	{"no such time", COVEY_MODE_TRANSITION,
	 "observe:f604801=time observe:c604801=time observe:c31536000=time "
	 "observe:c18446744073709551615=time serial:1 observe:f604800=begun left:604800000"},
	{"what changes nothing", COVEY_MODE_ENFORCE,
	 "enforce:f60=pointless enforce:c60=pointless transition=begun ack enforce:f60=pointless "
	 "transition:c60=pointless"},
	{"nothing to confirm", COVEY_MODE_ENFORCE, "confirm=nothing"},
	{"too late", COVEY_MODE_ENFORCE,
	 "transition:c60=begun ack +59500 observe=begun observe=busy ack transition:c60=begun "
	 "ack +59501 confirm=late observe=late enforce=late +499 is:observe"},
	{"too late for the second step of a short change", COVEY_MODE_ENFORCE,
	 "observe:c10=begun ack:ABCDE +9400 ack +500 is:transition +100 is:enforce"},
	/* Messages that take long. */
	{"a member is slow", COVEY_MODE_TRANSITION,
	 "observe:f60=begun between:0 ack:ABCDE +4000 ack:F is:observe serial:2 between:4000 "
	 "left:56000 outcome:done +52001 enforce=late +3999 is:transition +3999 is:transition +1 "
	 "is:enforce ack between:4000"},
	{"members are slow, each as it is", COVEY_MODE_TRANSITION,
	 "observe:f60=begun ack:ABCD +1100 ack:E between:2000 left:58900 +500 ack:F between:2000 "
	 "left:58900 outcome:done"},
	{"one is found to be slow in the last moments", COVEY_MODE_TRANSITION,
	 "observe:f10=begun ack:ABCDE +7000 ack:F between:0 left:10000 outcome:done +3000 "
	 "is:transition +7999 is:transition +1 is:enforce"},
	{"what has not come to all yet", COVEY_MODE_ENFORCE,
	 "transition=begun ack:ABCDE +10000 observe:f10=short observe:f11=begun"},
	{"a slow member does not hold up a near one", COVEY_MODE_TRANSITION,
	 "observe:c60=begun ack:ABCDE +4000 ack:F +55000 confirm=begun"},
	/* Two operators. */
	{"one after the other", COVEY_MODE_ENFORCE,
	 "observe=begun observe=busy transition=busy enforce=busy confirm=busy ack +500 "
	 "enforce=busy ack transition=begun"},
	/* Nothing is told that is not on disk. */
	{"a disk that is full", COVEY_MODE_ENFORCE,
	 "full observe=unstored is:enforce serial:1 empty observe=begun full ack +500 "
	 "is:transition empty +1999 is:transition +1 is:observe"},
	{"a disk that is full at the deadline", COVEY_MODE_ENFORCE,
	 "transition:c60=begun ack full +60000 is:enforce kept:transition end:enforce ack empty "
	 "+1999 kept:transition +1 kept:enforce end:none serial:3"},
	{"a disk that is full at the deadline, and then a restart", COVEY_MODE_ENFORCE,
	 "observe:c60=begun ack +500 ack full +60000 is:transition kept:observe +500 is:enforce "
	 "kept:observe empty restart " ALL_BACK "is:enforce kept:enforce"},
	{"a disk that is full when it should be confirmed", COVEY_MODE_ENFORCE,
	 "transition:c60=begun ack full confirm=unstored is:transition empty confirm=begun"},
	/* Restarts at every point. */
	{"restart: nothing was ever set", COVEY_MODE_ENFORCE,
	 "restart " ALL_BACK "is:enforce serial:1"},
	{"restart: forward, nobody has acknowledged", COVEY_MODE_TRANSITION,
	 "enforce=begun restart " ALL_BACK "is:enforce"},
	{"restart: forward is done", COVEY_MODE_TRANSITION,
	 "enforce=begun ack restart " ALL_BACK "is:enforce serial:2"},
	{"restart: between two steps back", COVEY_MODE_ENFORCE,
	 "observe=begun restart back:ABCDE ack is:transition +5000 is:transition back:F ack "
	 "+499 is:transition +1 is:observe ack kept:observe"},
	{"restart: between two steps back, one stays away", COVEY_MODE_ENFORCE,
	 "observe=begun restart back:ABCDE ack +9999 is:transition +1 is:observe"},
	{"restart: after both steps back", COVEY_MODE_ENFORCE,
	 "observe=begun ack +500 restart " ALL_BACK "is:observe"},
	{"restart: before a deadline", COVEY_MODE_ENFORCE,
	 "observe:c60=begun ack +500 ack restart back:ABCDE is:transition ack +5000 "
	 "is:transition back:F ack +500 is:enforce ack end:none kept:enforce"},
	{"restart: before a deadline, in the middle", COVEY_MODE_ENFORCE,
	 "observe:c60=begun restart " ALL_BACK "is:enforce end:none"},
	{"restart: a deadline of one step", COVEY_MODE_OBSERVE,
	 "transition:c60=begun ack restart " ALL_BACK "is:observe left:0"},
	{"restart: for a while", COVEY_MODE_TRANSITION,
	 "observe:f60=begun ack restart back:ABCDEF ack is:transition +500 is:enforce"},
	{"restart: confirmed", COVEY_MODE_TRANSITION,
	 "enforce:c60=begun ack confirm=begun restart " ALL_BACK "is:enforce left:0"},
	{"restart: two of them", COVEY_MODE_ENFORCE,
	 "observe:c60=begun ack +500 restart +100 restart " ALL_BACK "is:enforce"},
	{"restart: undone, not stored", COVEY_MODE_ENFORCE,
	 "observe:c60=begun full restart " ALL_BACK "is:enforce kept:transition end:enforce empty "
	 "+2000 kept:enforce end:none"},
};

const size_t mode_story_count = sizeof(mode_stories) / sizeof(mode_stories[0]);

import Waiting

/// Where the rooms above find it.
public typealias AlarmClock = Waiting.AlarmClock

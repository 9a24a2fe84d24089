package conformance

import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.updateAndGet
import kotlinx.coroutines.withTimeoutOrNull
import java.util.concurrent.ConcurrentHashMap

private const val NANOSECONDS = 1_000_000

/** How many have arrived, by name. */
private val meetings = ConcurrentHashMap<String, MutableStateFlow<Int>>()

suspend fun await(step: Step) = delay(step.number("ms").toLong())

fun block(step: Step) = Thread.sleep(step.number("ms").toLong())

fun spin(step: Step) {
    val end = step.optionalNumber("ms")?.let { System.nanoTime() + (it * NANOSECONDS).toLong() }
    while (end == null || System.nanoTime() < end) Thread.onSpinWait()
}

suspend fun meet(step: Step) {
    val count = step.count("count")
    val arrived = meetings.computeIfAbsent(step.text("name")) { MutableStateFlow(0) }
    arrived.updateAndGet { it + 1 }
    withTimeoutOrNull(step.number("timeout_ms").toLong()) { arrived.first { it >= count } }
        ?: error("meet: ${arrived.value} of $count")
}

"""The proof that gradients, losses and optimizers are right, and the bugs that it must find.

============  ====================================================================================
`slopes`      runs the layers, and measures the slopes of the loss: the numerical side of an audit
`verdicts`    all that is said: findings and their words, verdicts, the table of an audit
`audit`       judges each gradient of a network, explains it, and finds which layer is to blame
`diagnosis`   judges the rest: batch law, dtype, loss, optimizer, training loop, scaling
`health`      looks at a network for what is legal and yet wrong
`faults`      the planted bugs, each with its mend and the tool that must name it
============  ====================================================================================

Whatever looks for something wrong raises a `Finding`, mostly as ``require(law, cause, ...)``; its
words stand under the cause in `verdicts.WORDS`. A tool makes a `Verdict` of it.
"""

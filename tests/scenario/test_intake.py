from tests.support.desk import Desk

async def test_smoke(desk: Desk) -> None:
    import time
    t=time.monotonic()
    alert, post = await desk.posted()
    print(time.monotonic()-t)
    print(post.card.text, list(post.card.buttons), post.card.data)
    a = await desk.press("ada", post, "Mark as fraud")
    print(a.seconds, a.kind, a.text)
    await desk.deliver()
    print((await desk.card(alert)).text, await desk.lines(post))
    print(desk.deeds())
    for p in await desk.posts(): print(repr(p.text[:90]))
    for t in ["help","whoami","show","show A-3","search nor"]:
        for p in await desk.say("ada", t): print(p.text[:300]); print('---')
